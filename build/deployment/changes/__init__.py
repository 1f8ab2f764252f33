"""Change sets: what one is told, what it would change, and what may not be lost."""
