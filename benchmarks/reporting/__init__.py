"""The results for people: rows, a page, plots."""
