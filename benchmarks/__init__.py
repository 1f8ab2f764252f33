"""Measures the system against the algorithms of the reference that it replaces, in one run on one machine."""
