"""Imports point one way: between the project's parts, and without a cycle between any two modules."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
ALLOWED = {
    "generate": {"stack"},
    "handlers": set[str](),
    "stack": set[str](),
    "build": {"stack", "handlers"},
    "benchmarks": {"build", "stack", "handlers"},
}
"""What each part may import of the others."""
LOWER_FOLDERS = ("cloudformation", "deploy", "packaging", "monitoring", "poller", "diagram")
"""Folders of build/ that know nothing of the commands, the local cloud or redrive."""


@cache
def imports() -> dict[str, set[str]]:
    """The project's modules, and the modules of the project that each imports, lazily or for types alone included."""
    files = [PROJECT / "generate.py", *(file for part in ALLOWED for file in (PROJECT / part).rglob("*.py"))]
    modules = {_module_name(file): file for file in files}
    return {name: set(_imported(name, file, modules)) for name, file in modules.items()}


def _module_name(file: Path) -> str:
    return ".".join(file.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def _imported(module: str, file: Path, modules: dict[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.ImportFrom(module=str(source), names=names):
                candidates = [f"{source}.{alias.name}" for alias in names] + [source]
            case ast.Import(names=names):
                candidates = [alias.name for alias in names]
            case _:
                continue
        yield from (candidate for candidate in candidates if candidate in modules and candidate != module)


@pytest.mark.parametrize("part", ALLOWED)
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    found = {
        f"{module} imports {imported}"
        for module, targets in imports().items()
        for imported in targets
        if module.split(".")[0] == part and imported.split(".")[0] not in ALLOWED[part] | {part}
    }
    assert found == set()


@pytest.mark.parametrize("folder", LOWER_FOLDERS)
def test_a_folder_below_knows_nothing_of_those_above_it(folder: str) -> None:
    above = ("build.commands", "build.local", "build.redrive", "build.command_line")
    own = [module for module in imports() if module.startswith(f"build.{folder}.")]
    assert own
    assert {target for module in own for target in imports()[module] if target.startswith(above)} == set()


def test_there_is_no_cycle() -> None:
    def of_modules_alone(module: str) -> set[str]:
        """Without the packages, whose `__init__` only opens doors."""
        return {target for target in imports()[module] if not (PROJECT / target.replace(".", "/")).is_dir()}

    assert list(TopologicalSorter({module: of_modules_alone(module) for module in imports()}).static_order())
