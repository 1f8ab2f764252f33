"""Proves that a source is one entry: adds the README's example to a copy of the project, and runs it.

`python -m tests.third_source` renews the snapshots and the pictures of the copy, runs every test that does not need
the emulator, and runs the whole system on this machine. All has to pass with one file of code changed.
"""

import filecmp
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
CONFIGURATION = Path("stack/config.py")
RENEWED = (Path("tests/snapshots"), Path("docs"))
"""Where what is made from the template is committed."""
EXAMPLE = re.compile(r"^```python\n(StreamSource\(\n.*?^\))\n```$", re.MULTILINE | re.DOTALL)
END_OF_SOURCES = re.compile(r"^SOURCES = \(\n.*?(?=^\)$)", re.MULTILINE | re.DOTALL)
STEPS = (
    ("pytest", "tests/stack", "-k", "reviewed", "--snapshot-update"),
    ("build", "diagram"),
    ("pytest", "-m", "not emulator", "--numprocesses", "2", "--dist", "loadfile"),
    ("build", "local"),
)
"""Modules to run, each with its arguments."""


def _project_files() -> list[Path]:
    """Every file of the project, without what git ignores, by its path in the project."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _copy(files: list[Path], folder: Path) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, folder / file)


def with_another_source(configuration: str, readme: str) -> str:
    """The text of stack/config.py after the README's example was pasted into SOURCES as its last entry.

    Raises:
        ValueError: when one of the texts has no such place.
    """
    example, sources = EXAMPLE.search(readme), END_OF_SOURCES.search(configuration)
    if not example or not sources:
        raise ValueError("README.md has no example of a StreamSource, or stack/config.py no SOURCES.")
    entry = "".join(f"    {line}\n" for line in f"{example[1]},".splitlines())
    return configuration[: sources.end()] + entry + configuration[sources.end() :]


def _changed(files: list[Path], folder: Path) -> Iterator[Path]:
    """The files that are no longer what they were."""
    for file in files:
        if not filecmp.cmp(ROOT / file, folder / file, shallow=False):
            yield file


def main() -> int:
    """Run every step in the copy; the result is the exit code, that of the first step that fails."""
    files = _project_files()
    with TemporaryDirectory(prefix="third-source-") as name:
        folder = Path(name)
        _copy(files, folder)
        configuration = folder / CONFIGURATION
        configuration.write_text(with_another_source(configuration.read_text(), (folder / "README.md").read_text()))
        for step in STEPS:
            print("third source: python -m", *step, flush=True)
            code = subprocess.run([sys.executable, "-m", *step], cwd=folder, check=False).returncode
            if code:
                return code
        unexpected = {file for file in _changed(files, folder) if file.parent not in RENEWED} - {CONFIGURATION}
    if unexpected:
        print("third source: these files had to change as well:", *sorted(unexpected), file=sys.stderr)
    return int(bool(unexpected))


if __name__ == "__main__":
    sys.exit(main())
