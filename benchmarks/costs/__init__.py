"""What the system and its reference cost on AWS, from what was measured and from list prices."""
