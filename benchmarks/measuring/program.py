"""Runs a module as `python -m` does and notes the memory that it took.

`python -m benchmarks.measuring.program FILE MODULE [ARGUMENT ...]` writes the peak in bytes to FILE.
"""

import runpy
import sys
from pathlib import Path

from benchmarks.measuring.memory import peak_memory


def run(note: Path, module: str, *arguments: str) -> None:
    """Run a module with some arguments, then write the note, however it ended."""
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        note.write_text(str(peak_memory()))


if __name__ == "__main__":
    run(Path(sys.argv[1]), *sys.argv[2:])
