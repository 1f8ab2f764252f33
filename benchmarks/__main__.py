"""`python -m benchmarks`."""

import sys

if __name__ == "__main__":
    # Measured processes import this module again; they are to hold nothing but what is measured.
    from benchmarks.command import main

    sys.exit(main(sys.argv[1:]))
