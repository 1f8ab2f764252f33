"""How things are measured: in new processes, in turns, several times."""
