"""Cold starts: import and first client of every handler, beside importing boto3 and making a client."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measuring.processes import PROJECT
from benchmarks.measuring.spread import spread_of_ratios
from benchmarks.reporting.numbers import duration
from benchmarks.reporting.rows import NONE, Limit, Row, at_most
from benchmarks.sizes import Sizes
from benchmarks.systems.lambda_environment import clean_environment
from benchmarks.systems.runtime_image import BASELINE_MODULE, BYTECODE, SOURCE_ONLY, RuntimeImage, lay_out
from benchmarks.systems.template_facts import CONFIG, function_variables
from build.errors import CommandError
from build.packaging import package
from build.packaging.members import BytecodeCompiler, find_bytecode_compiler
from stack.config import FunctionSpecification

TO_BOTO3_WITH_BYTECODE = at_most(1.5)
LAYERS = {BYTECODE: ("with bytecode in the layer", TO_BOTO3_WITH_BYTECODE), SOURCE_ONLY: ("without bytecode", NONE)}


@dataclass(frozen=True)
class Import:
    """One import in a new process: seconds, CPU seconds, peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_memory: int


@dataclass(frozen=True)
class Start:
    """What is started: a module and where it is imported from, with its environment."""

    module: str
    path: Sequence[Path]
    variables: Mapping[str, str]

    def run(self, interpreter: str) -> Import:
        """Start it once.

        Raises:
            CommandError: when the module cannot be imported.
        """
        path = os.pathsep.join(map(str, [*self.path, PROJECT]))
        variables = {**self.variables, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        finished = subprocess.run(
            [interpreter, "-P", "-m", "benchmarks.measuring.import_time", self.module],
            env=clean_environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise CommandError(f"{self.module} cannot be imported; mend it ({finished.stderr.strip()}).")
        seconds, cpu_seconds, peak = finished.stdout.split()
        return Import(float(seconds), float(cpu_seconds), int(peak))


def measure_cold_starts(sizes: Sizes) -> list[Row]:
    """Start every handler with and without bytecode, in turns with the baseline.

    Raises:
        CommandError: when packaging fails or a handler cannot be imported.
    """
    functions = {function.handler_module: function for function in CONFIG.functions}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        image = lay_out(Path(folder) / "image", package(CONFIG, Path(folder) / "archives"), runtime_python())
        return [row for function in functions.values() for row in compare(image, function, sizes.cold_starts)]


def runtime_python() -> BytecodeCompiler:
    """The runtime's Python where there is one that works, else the one that runs this."""
    try:
        return find_bytecode_compiler()
    except CommandError:
        return find_bytecode_compiler(f"{sys.version_info.major}.{sys.version_info.minor}")


def compare(image: RuntimeImage, function: FunctionSpecification, rounds: int) -> list[Row]:
    """Starts of a handler with each layer, and of the baseline, in turns; the first of each is not counted."""
    variables = function_variables(function.logical_id)
    baseline = Start(BASELINE_MODULE, image.path_of_baseline(), {})
    starts = [
        Start(f"handlers.{function.handler_module}", image.path_of_function(function.logical_id, layer), variables)
        for layer in LAYERS
    ]
    turns = [[start.run(image.python.interpreter) for start in (baseline, *starts)] for _ in range(rounds + 1)]
    of_baseline, *of_layers = map(list, zip(*turns[1:], strict=True))
    return [
        row(f"cold start of {function.handler_module}, {words}", limit, imports, of_baseline, image.python_version)
        for (words, limit), imports in zip(LAYERS.values(), of_layers, strict=True)
    ]


def row(subject: str, limit: Limit, ours: Sequence[Import], baseline: Sequence[Import], python_version: str) -> Row:
    """The starts of a handler beside those of the baseline."""
    return Row(
        subject=subject,
        ours=duration(median(start.seconds for start in ours)),
        baseline=f"{duration(median(start.seconds for start in baseline))} "
        f"(boto3 and a DynamoDB client, Python {python_version})",
        ratio=spread_of_ratios([start.seconds for start in ours], [start.seconds for start in baseline]),
        limit=limit,
        memory=(ours[-1].peak_memory, baseline[-1].peak_memory),
    )
