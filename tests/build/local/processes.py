"""An emulator's processes, its functions included, as Linux shows them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

PROC = Path("/proc")
LISTENING = "0A"
"""The state of a listening socket in /proc/net/tcp (https://docs.kernel.org/networking/proc_net_tcp.html)."""

on_linux = pytest.mark.skipif(not (PROC / "net" / "tcp").exists(), reason="processes are found by Linux's /proc")


def processes_of(port: int) -> list[int]:
    """The emulator of a port and everything that it started and that lives; all have its environment variables."""
    return processes_with(f"GATEWAY_PORT={port}")


def processes_with(variable: str) -> list[int]:
    """The processes that were started with an environment variable, `NAME=value`, and that live."""
    return [int(folder.name) for folder in PROC.glob("[0-9]*") if variable in _environment(folder)]


def processes_below(folder: Path) -> list[int]:
    """The processes whose temporary folder is a folder or is in it, and that live."""
    return [
        int(process.name)
        for process in PROC.glob("[0-9]*")
        if any(variable.startswith(f"TMPDIR={folder}") for variable in _environment(process))
    ]


def _environment(folder: Path) -> list[str]:
    with suppress(OSError):
        return os.fsdecode((folder / "environ").read_bytes()).split("\0")
    return []


def listening_addresses(processes: list[int]) -> set[str]:
    """The addresses on which processes accept connections, in the kernel's notation."""
    open_files = {target for process in processes for target in _open_files(process)}
    return {address for address, inode in _listeners() if f"socket:[{inode}]" in open_files}


def _open_files(process: int) -> Iterator[str]:
    for file in (PROC / str(process) / "fd").iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(file)


def _listeners() -> Iterator[tuple[str, str]]:
    for table in ("tcp", "tcp6"):
        with suppress(FileNotFoundError):
            for line in (PROC / "net" / table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == LISTENING:
                    yield columns[1], columns[9]
