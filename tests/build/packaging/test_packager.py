import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from build.errors import CommandError
from build.packaging import command, members
from build.packaging.archive import Package, read_tree, zip_of
from build.packaging.command import MANIFEST, PROJECT, Recipe, package, update_archives
from tests.build.packaging.sample_project import MODULES, write_modules, write_requirements
from tests.build.packaging.test_members import THIS_VERSION
from tests.sources import USERS, two_sources

CONFIG = two_sources()
NAMES = ["UserDataProcessor", "OrderDataProcessor", "AnalyticsProcessor", "DataValidator", "Layer"]

PACKAGE_ELSEWHERE = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from build.packaging import package
from tests.sources import two_sources
os.umask(int(sys.argv[2], 8))
package(two_sources(sys.argv[3]), Path(sys.argv[4]), handlers=Path(sys.argv[5]))
"""


def rebuilt(made: Package) -> list[str]:
    return [archive.name for archive in made.archives if archive.rebuilt]


def keys(made: Package) -> set[str]:
    return {archive.object_key for archive in made.archives}


def zips(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.zip")}


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Let the operating system refuse larger files, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_makes_one_zip_per_function_and_the_layer(handlers: Path, tmp_path: Path) -> None:
    output = tmp_path / "new" / "output"
    made = package(CONFIG, output, handlers=handlers)
    assert [archive.name for archive in made.archives] == rebuilt(made) == NAMES
    assert {*read_tree(output)} == {MANIFEST, *(f"{name}.zip" for name in NAMES)}
    for archive in made.archives:
        assert archive.read() == archive.path.read_bytes()
        assert archive.size == archive.path.stat().st_size


def test_a_third_source_has_a_zip_too(handlers: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, sources=(*CONFIG.sources, replace(USERS, name="ClickData")))
    made = package(config, tmp_path / "output", handlers=handlers)
    assert "ClickDataProcessor" in rebuilt(made)


def test_the_same_input_gives_the_same_bytes_anywhere(handlers: Path, tmp_path: Path) -> None:
    package(CONFIG, tmp_path / "here", handlers=handlers)
    elsewhere = tmp_path / "another machine" / "checkout" / "handlers"
    write_modules(elsewhere, dict(reversed(MODULES.items())))
    write_requirements(elsewhere)
    for path in elsewhere.glob("*.py"):
        path.chmod(0o700)
        os.utime(path, (1, 1))
    arguments = [str(PROJECT), "077", "prod", str(tmp_path / "there"), str(elsewhere)]
    environment = os.environ | {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "5", "LC_ALL": "C"}
    program = [sys.executable, "-c", PACKAGE_ELSEWHERE, *arguments]
    subprocess.run(program, check=True, cwd=tmp_path, env=environment)
    assert zips(tmp_path / "there") == zips(tmp_path / "here")


def test_unchanged_input_is_not_rebuilt(handlers: Path, tmp_path: Path) -> None:
    first = package(CONFIG, tmp_path, handlers=handlers)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = package(replace(CONFIG, suffix="prod"), tmp_path, handlers=handlers)
    assert rebuilt(second) == []
    assert Package(tuple(replace(archive, rebuilt=True) for archive in second.archives)) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written


def test_a_changed_module_rebuilds_the_functions_that_import_it(handlers: Path, tmp_path: Path) -> None:
    before = package(CONFIG, tmp_path, handlers=handlers)
    (handlers / "counting.py").write_text("def count(event, context):\n    return 1\n")
    after = package(CONFIG, tmp_path, handlers=handlers)
    assert rebuilt(after) == ["AnalyticsProcessor"]
    assert keys(after) - keys(before) == {archive.object_key for archive in after.archives if archive.rebuilt}


def test_stream_processors_share_their_members(handlers: Path, tmp_path: Path) -> None:
    made = {archive.name: archive for archive in package(CONFIG, tmp_path, handlers=handlers).archives}
    assert made["UserDataProcessor"].digest == made["OrderDataProcessor"].digest


def test_settings_of_a_function_rebuild_nothing(handlers: Path, tmp_path: Path) -> None:
    larger = tuple(replace(source, memory_size=4 * source.memory_size) for source in CONFIG.sources)
    package(CONFIG, tmp_path, handlers=handlers)
    assert rebuilt(package(replace(CONFIG, sources=larger), tmp_path, handlers=handlers)) == []


def test_requirements_and_options_of_pip_rebuild_the_layer(
    handlers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(CONFIG, tmp_path, handlers=handlers)
    monkeypatch.setattr(command, "PIP_OPTIONS", ("--platform", "other"))
    assert rebuilt(package(CONFIG, tmp_path, handlers=handlers)) == ["Layer"]
    (handlers / "requirements.txt").write_text("# nothing\n")
    assert rebuilt(package(CONFIG, tmp_path, handlers=handlers)) == ["Layer"]


def test_other_rules_of_packaging_rebuild_everything(
    handlers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(CONFIG, tmp_path, handlers=handlers)
    monkeypatch.setattr(command, "_packaging_rules", lambda: "other rules")
    assert rebuilt(package(CONFIG, tmp_path, handlers=handlers)) == NAMES


def test_pip_runs_only_when_the_layer_has_changed(
    handlers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(requirements: Path) -> dict[str, bytes]:
        raise AssertionError("pip ran again")

    package(CONFIG, tmp_path, handlers=handlers)
    monkeypatch.setattr(command, "layer_members", install)
    (handlers / "counting.py").write_text("def count(event, context):\n    return 0\n")
    assert rebuilt(package(CONFIG, tmp_path, handlers=handlers)) == ["AnalyticsProcessor"]


def update(output: Path, inputs: str) -> list[str]:
    return rebuilt(update_archives(output, [Recipe("Layer", inputs, lambda: {"module.py": b""})]))


def test_an_archive_is_kept_while_its_inputs_and_its_zip_are_the_same(tmp_path: Path) -> None:
    assert update(tmp_path, "some") == ["Layer"]
    assert update(tmp_path, "some") == []
    assert update(tmp_path, "others") == ["Layer"]
    (tmp_path / "Layer.zip").write_bytes(b"damaged")
    assert update(tmp_path, "others") == ["Layer"]


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"\xff", b"[]", b'{"Layer": 1}', b'{"Layer": {"inputs": "i"}}', b'{"Layer": {"other": 1}}']
)
def test_a_damaged_manifest_keeps_no_archive(tmp_path: Path, damaged: bytes) -> None:
    update(tmp_path, "some")
    (tmp_path / MANIFEST).write_bytes(damaged)
    assert update(tmp_path, "some") == ["Layer"]
    assert update(tmp_path, "some") == []


@pytest.mark.parametrize("damage", [b"", b"PK"])
def test_a_damaged_zip_is_rebuilt(handlers: Path, tmp_path: Path, damage: bytes) -> None:
    package(CONFIG, tmp_path, handlers=handlers)
    whole = zips(tmp_path)
    (tmp_path / "DataValidator.zip").write_bytes(damage)
    (tmp_path / "Layer.zip").unlink()
    assert rebuilt(package(CONFIG, tmp_path, handlers=handlers)) == ["DataValidator", "Layer"]
    assert zips(tmp_path) == whole


def test_a_damaged_manifest_only_costs_time(handlers: Path, tmp_path: Path) -> None:
    first = package(CONFIG, tmp_path, handlers=handlers)
    (tmp_path / MANIFEST).write_text("{")
    assert package(CONFIG, tmp_path, handlers=handlers) == first
    assert rebuilt(package(CONFIG, tmp_path, handlers=handlers)) == []


def test_archives_with_bytecode_are_others_under_other_keys(handlers: Path, tmp_path: Path) -> None:
    compiler = members.find_bytecode_compiler(THIS_VERSION)
    without = package(CONFIG, tmp_path, handlers=handlers)
    sources = zips(tmp_path)
    assert rebuilt(package(CONFIG, tmp_path, compiler, handlers)) == NAMES
    again = package(CONFIG, tmp_path, compiler, handlers)
    assert rebuilt(again) == []
    assert not keys(again) & keys(without)
    assert all(large.size > small.size for large, small in zip(again.archives, without.archives, strict=True))
    assert rebuilt(package(CONFIG, tmp_path, handlers=handlers)) == []
    assert {name: content for name, content in zips(tmp_path).items() if name in sources} == sources


def test_runs_at_the_same_time_leave_whole_zips(tmp_path: Path) -> None:
    contents = [{"module.py": os.urandom(50_000)} for _ in range(4)]

    def run(number: int) -> Package:
        content = contents[number % len(contents)]
        return update_archives(tmp_path, [Recipe("Function", str(number), lambda: content)])

    with ThreadPoolExecutor(8) as executor:
        list(executor.map(run, range(80)))
    assert {*read_tree(tmp_path)} == {"Function.zip", MANIFEST}
    assert (tmp_path / "Function.zip").read_bytes() in map(zip_of, contents)


def test_a_run_that_is_interrupted_leaves_what_was_there(handlers: Path, tmp_path: Path) -> None:
    def interrupted() -> dict[str, bytes]:
        raise KeyboardInterrupt

    output = tmp_path / "output"
    package(CONFIG, output, handlers=handlers)
    before = read_tree(output)
    with pytest.raises(KeyboardInterrupt):
        update_archives(output, [Recipe("Layer", "changed", interrupted)])
    assert read_tree(output) == before


def test_a_full_disk_is_told_and_leaves_nothing_half_written(handlers: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with files_limited_to(100), pytest.raises(CommandError, match="a file could not be used .*free some space"):
        package(CONFIG, output, handlers=handlers)
    assert read_tree(output) == {}


def test_an_output_that_is_a_file_is_told(handlers: Path, tmp_path: Path) -> None:
    output = tmp_path / "file"
    output.write_text("mine")
    with pytest.raises(CommandError, match=r"File exists: .*choose another folder with --output\.$"):
        package(CONFIG, output, handlers=handlers)
    assert output.read_text() == "mine"


def test_missing_requirements_are_told(handlers: Path, tmp_path: Path) -> None:
    (handlers / "requirements.txt").unlink()
    with pytest.raises(CommandError, match=r"requirements\.txt"):
        package(CONFIG, tmp_path / "output", handlers=handlers)


def test_a_mistake_in_a_handler_shows_before_anything_is_written(handlers: Path, tmp_path: Path) -> None:
    (handlers / "windows.py").unlink()
    with pytest.raises(CommandError, match=r"windows\.py does not exist"):
        package(CONFIG, tmp_path / "output", handlers=handlers)
    assert not (tmp_path / "output").exists()
