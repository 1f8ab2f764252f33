"""What runs in measured processes: the functions of this system, its reference's algorithms, and what they need."""
