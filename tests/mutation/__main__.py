"""Changes the code that matters most, one place at a time, and sees whether a test fails: `python -m tests.mutation`.

The modules are mutated in a copy, and every mutant is tested in a process of its own. Tests that need the emulator and
the comparison with reviewed templates are left out.
"""

import importlib
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest

from tests.mutation.mutants import EquivalentMutant, Mutant, equivalent_mutants, mutants_of

ROOT = Path(__file__).parents[2]
COPIED = ("stack", "handlers", "tests", "build", "setup.cfg")
PROCESSES = os.cpu_count() or 1
ENOUGH = 0.95
"""The share of mutants that has to be killed."""
SLOWEST = 120
"""Seconds that the tests of a mutant may take; it is killed when they take longer."""
EXAMPLES = 25
"""Of each property; enough to find what a mutant breaks, and the same in every run."""
# Imported once, before each process forks, because they take longer than most tests.
PRELOADED = (
    *("aws_lambda_powertools", "awacs.aws", "boto3"),
    *("hypothesis.strategies", "hypothesis.extra.pytestplugin", "troposphere", "pytest_timeout"),
)
OPTIONS = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:xdist", "-m", "not emulator"),
    *("--hypothesis-profile=mutation", "--timeout=30"),
)
_fork = multiprocessing.get_context("fork")


@dataclass
class Run:
    """A copy of the project, and the process that tests a mutant in it."""

    folder: Path
    mutant: Mutant
    process: ForkProcess = field(init=False)
    give_up_at: float = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / self.mutant.file).write_text(self.mutant.code)
        self.process = _fork.Process(target=_run_tests, args=(self.folder, _tests_of(self.mutant.file)))
        self.process.start()
        self.give_up_at = time.monotonic() + SLOWEST

    def end(self) -> bool:
        """Restore the copy after the process has ended, or has to; returns whether the mutant was killed.

        Raises:
            RuntimeError: when the tests could not be run.
        """
        in_time = self.process.exitcode is not None
        if not in_time:
            self.process.kill()
        self.process.join()
        shutil.copy2(ROOT / self.mutant.file, self.folder / self.mutant.file)
        if in_time and self.process.exitcode not in (
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
            pytest.ExitCode.INTERRUPTED,
        ):
            raise RuntimeError(
                f"the tests of {self.mutant.file} cannot be run: pytest ends with {self.process.exitcode}."
            )
        return self.process.exitcode != pytest.ExitCode.OK


def _mutated_files() -> list[str]:
    handlers = sorted((ROOT / "handlers").glob("*.py"))
    return [*(f"handlers/{file.name}" for file in handlers if file.stem != "__init__"), "stack/policies.py"]


def _tests_of(file: str) -> list[str]:
    """The tests that have to fail for a module: its own, and for policies those of what they have to grant."""
    folder, name = file.split("/")
    own = sorted(ROOT.glob(f"tests/{folder}/test_{Path(name).stem}*.py"))
    of_the_module = [str(path.relative_to(ROOT)) for path in own]
    return [*of_the_module, "tests/privileges"] if folder == "stack" else of_the_module


def _run_tests(folder: Path, tests: Sequence[str]) -> None:
    """Run tests in a copy, in a process that forked for it, and end with pytest's exit code."""
    os.chdir(folder)
    sys.path[:] = [str(folder), *(path for path in sys.path if path not in ("", str(ROOT)))]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "handlers", "stack", "build")]:
        del sys.modules[name]
    sys.dont_write_bytecode = True
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        code = pytest.main([*OPTIONS, "--rootdir", str(folder), *tests])
    os._exit(code)


def _copy_project(folder: Path) -> Path:
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _survivors(mutants: list[Mutant], folders: list[Path]) -> Iterator[Mutant]:
    """The mutants that all tests pass, as they are found."""
    waiting, running = mutants[::-1], list[Run]()
    while waiting or running:
        while waiting and folders:
            running.append(Run(folders.pop(), waiting.pop()))
        wait([run.process.sentinel for run in running], timeout=1)
        for run in [run for run in running if run.process.exitcode is not None or time.monotonic() > run.give_up_at]:
            running.remove(run)
            if not run.end():
                yield run.mutant
            folders.append(run.folder)


def _report(tested: int, survived: int, excused: int, unused: Sequence[EquivalentMutant]) -> int:
    """Print the result; returns the exit code."""
    killed = (tested - survived) / tested
    print(f"{tested - survived} of {tested} mutants killed, {killed:.1%}; {excused} equivalent ones not counted")
    for entry in unused:
        print(f"tests/mutation/equivalent.toml: no mutant is like {entry.before!r}: remove the entry.", file=sys.stderr)
    if killed < ENOUGH:
        print(f"At least {ENOUGH:.0%} have to be killed: add a test for each mutant above.", file=sys.stderr)
    return int(killed < ENOUGH or bool(unused))


def main(files: Sequence[str]) -> int:
    """Test the mutants of some modules, of all when none is named; returns the exit code."""
    for name in PRELOADED:
        importlib.import_module(name)
    hypothesis.settings.register_profile("mutation", max_examples=EXAMPLES, derandomize=True, database=None)
    equivalents = equivalent_mutants()
    mutants = [mutant for file in files or _mutated_files() for mutant in mutants_of(file, (ROOT / file).read_text())]
    tested = [mutant for mutant in mutants if not any(entry.is_like(mutant) for entry in equivalents)]
    unused = [entry for entry in equivalents if not files and not any(map(entry.is_like, mutants))]
    survived = 0
    with TemporaryDirectory(prefix="mutants-") as folder:
        copies = [_copy_project(Path(folder, str(number))) for number in range(PROCESSES)]
        for mutant in _survivors(tested, copies):
            survived += 1
            print(mutant, flush=True)
    return _report(len(tested), survived, len(mutants) - len(tested), unused)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
