"""What is measured, a module for each part of the system; each returns rows of the table of results."""
