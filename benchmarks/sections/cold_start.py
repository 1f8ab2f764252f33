"""Cold starts: importing every handler, and creating its first client, compared with boto3 and a client alone."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.measuring.processes import MeasuredImport, measure_import
from benchmarks.reporting.formatting import format_duration
from benchmarks.reporting.rows import NO_LIMIT, Limit, ResultRow, at_most, spread_of_ratios
from benchmarks.sizes import Sizes
from benchmarks.systems.template_facts import CONFIG, function_variables
from build.errors import CommandError
from build.packaging import package
from build.packaging.archive import write_tree
from build.packaging.members import LAYER_FOLDER, BytecodeCompiler, find_bytecode_compiler
from stack.config import FunctionSpecification

_RUNTIME_PACKAGES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""boto3 and what it needs; Lambda's Python has them."""

_BASELINE_MODULE = "boto3_client"
_BASELINE_SOURCE = 'import boto3\n\nboto3.client("dynamodb")\n'
_LAYER = "Layer"
_BYTECODE = "bytecode"
_SOURCE_ONLY = "source"
_VARIANTS = {_BYTECODE: "with bytecode", _SOURCE_ONLY: "without bytecode"}
_LIMIT = at_most(1.15)
_STREAM_PROCESSOR_LIMIT_WITHOUT_BYTECODE = at_most(1.5)
"""The other functions start cold once a day, and have none."""


def measure_cold_starts(sizes: Sizes) -> list[ResultRow]:
    """Start every handler with and without bytecode, in turns with the baseline.

    Raises:
        CommandError: when packaging fails or a handler cannot be imported.
    """
    functions = {function.handler_module: function for function in CONFIG.functions}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        image = _lay_out(Path(folder), _runtime_python())
        return [row for function in functions.values() for row in _rows(image, function, sizes.cold_starts)]


@dataclass(frozen=True)
class _RuntimeImage:
    """The folders that Python imports from, as Lambda unpacks them: a function's code, a layer, and boto3.

    Args:
        folder: private to the measurement.
        python: the Python that imports.
    """

    folder: Path
    python: BytecodeCompiler

    @property
    def python_version(self) -> str:
        """`3.13.0`."""
        _, *version = self.python.version.split()
        return ".".join(version[:3])

    def path_of_function(self, logical_id: str, variant: str) -> Sequence[Path]:
        """Where a function's process looks for modules, in Lambda's order."""
        unpacked = self.folder / variant
        return unpacked / logical_id, unpacked / _LAYER / LAYER_FOLDER, self.folder / "runtime"

    def path_of_baseline(self) -> Sequence[Path]:
        return self.folder / "baseline", self.folder / "runtime"


def _rows(image: _RuntimeImage, function: FunctionSpecification, rounds: int) -> list[ResultRow]:
    """Starts of each variant of a handler, and of the baseline, in turns; the first of each is not counted."""
    variables, module = function_variables(function.logical_id), f"handlers.{function.handler_module}"
    start = partial(measure_import, image.python.interpreter)
    starts = [
        partial(start, _BASELINE_MODULE, image.path_of_baseline(), {}),
        *(partial(start, module, image.path_of_function(function.logical_id, name), variables) for name in _VARIANTS),
    ]
    turns = [[start_once() for start_once in starts] for _ in range(rounds + 1)]
    baseline, *by_variant = map(list, zip(*turns[1:], strict=True))
    return [
        _row(f"cold start of {function.handler_module}, {words}", limit, imports, baseline, image.python_version)
        for words, limit, imports in zip(_VARIANTS.values(), _limits(function), by_variant, strict=True)
    ]


def _limits(function: FunctionSpecification) -> tuple[Limit, Limit]:
    """With and without bytecode."""
    starts_often = function.handler_module == "stream_processor"
    return _LIMIT, _STREAM_PROCESSOR_LIMIT_WITHOUT_BYTECODE if starts_often else NO_LIMIT


def _row(
    subject: str, limit: Limit, ours: Sequence[MeasuredImport], baseline: Sequence[MeasuredImport], python_version: str
) -> ResultRow:
    return ResultRow(
        subject=subject,
        ours=format_duration(median(start.seconds for start in ours)),
        baseline=f"{format_duration(median(start.seconds for start in baseline))} "
        f"(boto3 and a DynamoDB client, Python {python_version})",
        ratio=spread_of_ratios([start.seconds for start in ours], [start.seconds for start in baseline]),
        limit=limit,
        memory=(ours[-1].peak_memory, baseline[-1].peak_memory),
    )


def _runtime_python() -> BytecodeCompiler:
    """The runtime's version of Python where one is installed, else the one that runs this."""
    try:
        return find_bytecode_compiler()
    except CommandError:
        return find_bytecode_compiler(f"{sys.version_info.major}.{sys.version_info.minor}")


def _lay_out(folder: Path, bytecode: BytecodeCompiler) -> _RuntimeImage:
    """Unpack the archives of both variants beside boto3, and compile what the runtime has as bytecode.

    Args:
        folder: new, for this alone.
        bytecode: of the Python that imports.

    Raises:
        CommandError: when packaging fails, or the interpreter cannot compile.
    """
    for variant, compiler in ((_SOURCE_ONLY, None), (_BYTECODE, bytecode)):
        for archive in package(CONFIG, folder / "archives", compiler).archives:
            _extract(archive.path, folder / variant / archive.name)
    write_tree(folder / "baseline", {f"{_BASELINE_MODULE}.py": _BASELINE_SOURCE.encode()})
    for name in _RUNTIME_PACKAGES:
        _copy_installed(name, folder / "runtime")
    _compile(bytecode.interpreter, [folder / "runtime", folder / "baseline"])
    return _RuntimeImage(folder, bytecode)


def _extract(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)


def _copy_installed(name: str, folder: Path) -> None:
    """Copy an installed package's sources, its service models included."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise CommandError(f"{name} is not installed; run the benchmarks with the project's environment.")
    origin = Path(spec.origin)
    folder.mkdir(exist_ok=True)
    if origin.name == "__init__.py":
        shutil.copytree(origin.parent, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, folder)


def _compile(interpreter: str, folders: Sequence[Path]) -> None:
    arguments = [interpreter, "-I", "-m", "compileall", "-q", *map(str, folders)]
    if subprocess.run(arguments, stdin=subprocess.DEVNULL, check=False).returncode:
        raise CommandError(f"{interpreter} cannot compile boto3; fix what it printed above and run again.")
