"""Lets `python -m build` run the command line."""

import sys

from build.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
