"""What was measured as people read it: rows, a page, pictures."""
