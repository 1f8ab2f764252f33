"""The machine that something was measured on."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

CPU_INFORMATION = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """A machine: its processor, how many cores of it, its memory in bytes, its system and the Python that measured."""

    processor: str
    cores: int
    memory: int
    system: str
    python: str


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(
        processor=processor(),
        cores=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
    )


def processor() -> str:
    """The model of the processor, as far as the system tells."""
    if CPU_INFORMATION.exists():
        for line in CPU_INFORMATION.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
