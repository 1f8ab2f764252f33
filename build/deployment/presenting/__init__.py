"""What people and programs see: lines, a live display, or JSON."""
