"""What is measured: this system's functions, the reference's algorithms, and the surroundings that both run in."""
