"""The local console: one page on loopback that shows a stack at work, and the way of each of its records."""
