"""What a stack has to be, and what it costs, for a number of records a day."""
