"""The days of a stack: whether each has its summary, what is known to be lost, and making the summaries that lack."""
