"""Whose code spends the time of a process: the handlers', or that of the libraries that they call."""

import cProfile
import pstats
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HANDLERS = str(Path(__file__).resolve().parents[2] / "handlers")
LIBRARIES = sysconfig.get_paths()["purelib"]
WAITING = "recv_into"
"""Part of the name of the built-in function that waits for an answer."""


Function = tuple[str, int, str]


@dataclass(frozen=True)
class Shares:
    """Seconds spent in the handlers' code and in everything else that they call, waiting for answers left out."""

    own: float
    libraries: float


def profiled(work: Callable[[], object]) -> Shares:
    """Do the work and say in whose code its time was spent.

    A profile makes every call a little slower; sampling would miss what happens between two short waits.
    """
    profile = cProfile.Profile()
    profile.runcall(work)
    return shares_of(pstats.Stats(profile).stats)  # type: ignore[attr-defined]


def shares_of(stats: Mapping[Function, Any]) -> Shares:
    """Divide a profile.

    Args:
        stats: by function (file, line, name) as `pstats` has them: at 2 its own seconds, at 4 the same by its callers.
    """
    everything = sum(entry[2] for (_, _, name), entry in stats.items() if WAITING not in name)
    own: float = sum(own_seconds(file, seconds, callers) for (file, _, _), (_, _, seconds, _, callers) in stats.items())
    return Shares(own, everything - own)


def own_seconds(file: str, seconds: float, callers: Mapping[Function, Sequence[float]]) -> float:
    """The part of a function's time that is the handlers': theirs, and what they call of Python itself."""
    if file.startswith(HANDLERS):
        return seconds
    if file.startswith(LIBRARIES):
        return 0.0
    return sum((entry[2] for caller, entry in callers.items() if caller[0].startswith(HANDLERS)), 0.0)
