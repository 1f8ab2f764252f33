"""The commands that work on a deployed stack, a file each: its options, its steps, its words."""
