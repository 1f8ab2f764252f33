"""Bringing a stack to what is asked for: artifacts, comparison, recovery, and what it stores."""
