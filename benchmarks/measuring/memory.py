"""The most memory that a process has had."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")
UNIT_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024
"""Bytes; see getrusage(2)."""


def peak_memory() -> int:
    """The peak resident set of this process in bytes.

    Linux hands the peak of a process on to those that it starts (`ru_maxrss`, getrusage(2)), but counts `VmHWM` anew
    for each (proc_pid_status(5)).
    """
    if STATUS.exists():
        peak = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT_OF_MAXRSS
