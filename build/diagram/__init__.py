"""`python -m build diagram`: draws the stack and its state machine from the template, as Mermaid text and SVG."""
