"""How things are measured: in processes of their own, in turns, several times."""
