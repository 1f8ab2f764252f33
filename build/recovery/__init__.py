"""Ways back: retained resources into a new stack, a table into its stack as it was at a time."""
