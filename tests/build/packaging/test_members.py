import importlib.util
import marshal
import re
import sys
from pathlib import Path, PurePosixPath
from types import CodeType

import pytest

from build.errors import CommandError
from build.packaging.members import (
    LAYER_ROOT,
    BytecodeCompiler,
    find_bytecode_compiler,
    function_members,
    is_needed,
    layer_members,
)
from tests.build.packaging.sample_project import MODULES, WHEEL_MEMBERS, write_modules

THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
MODULE = b"NAMES = {'a', 'b'}\n\n\ndef known(name):\n    return name in {'c', 'd'}\n"
SOURCES = {"package/__init__.py": b"", "package/module.py": MODULE}
UNCHECKED_HASH = 0b01


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import json\nfrom os import path\nimport handlers", set()),
        ("from handlers.windows import day", {"windows"}),
        ("from handlers import windows, counting as c", {"windows", "counting"}),
        ("import handlers.windows as w", {"windows"}),
        ("from . import windows", {"windows"}),
        ("from .windows import day", {"windows"}),
        ("def handler():\n    if True:\n        from handlers.windows import day", {"windows"}),
        ("import handlers_of_others.windows\nfrom handlers_of_others import windows", set()),
    ],
)
def test_finds_what_a_module_imports_from_the_handlers(tmp_path: Path, source: str, modules: set[str]) -> None:
    write_modules(tmp_path, {"__init__": "", "entry": source, "windows": "", "counting": ""})
    expected = {"__init__", "entry", *modules}
    assert set(function_members("entry", tmp_path)) == {f"handlers/{module}.py" for module in expected}


@pytest.mark.parametrize(
    ("entry_module", "modules"),
    [
        ("data_validator", {"__init__", "data_validator"}),
        ("stream_processor", {"__init__", "stream_processor", "windows"}),
        ("analytics_processor", {"__init__", "analytics_processor", "counting", "windows"}),
    ],
)
def test_a_function_gets_what_it_imports_and_nothing_else(handlers: Path, entry_module: str, modules: set[str]) -> None:
    expected = {f"handlers/{module}.py": MODULES[module].encode() for module in modules}
    assert function_members(entry_module, handlers) == expected


def test_modules_may_import_each_other(tmp_path: Path) -> None:
    write_modules(
        tmp_path, {"__init__": "", "first": "import handlers.second", "second": "from handlers import first, second"}
    )
    assert set(function_members("first", tmp_path)) == {
        f"handlers/{name}.py" for name in ("__init__", "first", "second")
    }


def test_what_the_package_itself_imports_is_needed(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": "from handlers import setup", "setup": "", "entry": ""})
    assert "handlers/setup.py" in function_members("entry", tmp_path)


def test_line_ends_of_the_checkout_change_nothing(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": "", "entry": ""})
    (tmp_path / "entry.py").write_bytes(b"import json\r\nimport os\r\n")
    assert function_members("entry", tmp_path)["handlers/entry.py"] == b"import json\nimport os\n"


def test_names_the_module_that_is_missing_and_who_wants_it(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": "", "entry": "from handlers.lost import x"})
    with pytest.raises(CommandError, match=r"lost\.py does not exist, but handlers/entry\.py needs it"):
        function_members("entry", tmp_path)


def test_names_an_entry_module_that_is_missing(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": ""})
    with pytest.raises(CommandError, match=r"entry\.py does not exist, but a function of the stack needs it"):
        function_members("entry", tmp_path)


@pytest.mark.parametrize("source", [b"def handler(:\n", b"a = 1\0"])
def test_a_module_that_is_not_python_is_named(tmp_path: Path, source: bytes) -> None:
    write_modules(tmp_path, {"__init__": ""})
    (tmp_path / "entry.py").write_bytes(source)
    with pytest.raises(CommandError, match=r"entry\.py cannot be packaged, it is not valid Python"):
        function_members("entry", tmp_path)


def test_a_module_that_is_not_text_is_named(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": ""})
    (tmp_path / "entry.py").write_bytes(b'"\xff"\n')
    with pytest.raises(CommandError, match=r"entry\.py cannot be packaged, it is not UTF-8 text"):
        function_members("entry", tmp_path)


@pytest.mark.parametrize(
    ("path", "needed"),
    [
        ("wrapt/__init__.py", True),
        ("wrapt/_wrappers.cpython-313-aarch64-linux-gnu.so", True),
        ("wrapt-2.5.2.dist-info/METADATA", True),
        ("wrapt-2.5.2.dist-info/licenses/LICENSE", True),
        ("aws_xray_sdk/core/sampling/local/sampling_rule.json", True),
        ("aws_lambda_powertools/utilities/batch/base.py", True),
        ("wrapt-2.5.2.dist-info/RECORD", False),
        ("wrapt-2.5.2.dist-info/INSTALLER", False),
        ("wrapt-2.5.2.dist-info/REQUESTED", False),
        ("wrapt-2.5.2.dist-info/direct_url.json", False),
        ("wrapt/_wrappers.c", False),
        ("wrapt-stubs/__init__.pyi", False),
        ("wrapt/__pycache__/__init__.cpython-311.pyc", False),
        ("bin/jp.py", False),
        ("aws_lambda_powertools/event_handler/api_gateway.py", False),
    ],
)
def test_keeps_what_lambda_needs(path: str, needed: bool) -> None:
    assert is_needed(PurePosixPath(path)) is needed


def test_installs_for_the_runtime_and_not_for_this_machine(handlers: Path) -> None:
    expected = {"sample/__init__.py", "sample/tests/data.json"} | {
        f"sample-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "entry_points.txt")
    }
    members = layer_members(handlers / "requirements.txt")
    assert members == {f"python/{name}": WHEEL_MEMBERS[name].encode() for name in expected}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("sample==1.0 --hash=sha256:" + "0" * 64, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("sample==1.0", "ERROR: Hashes are required in --require-hashes mode"),
        ("absent==1.0 --hash=sha256:" + "0" * 64, "ERROR: No matching distribution found for absent==1.0"),
    ],
)
def test_what_pip_refuses_is_told_in_its_own_words(handlers: Path, line: str, reason: str) -> None:
    requirements = handlers / "requirements.txt"
    index = requirements.read_text().splitlines()[:2]
    requirements.write_text("\n".join([*index, line]))
    with pytest.raises(CommandError, match=r"requirements\.txt; check the network.*" + reason):
        layer_members(requirements)


def test_an_index_that_cannot_be_reached_is_told(handlers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_RETRIES", "0")
    requirement = "absent==1.0 --hash=sha256:" + "0" * 64
    (handlers / "requirements.txt").write_text(f"--index-url http://127.0.0.1:9/simple\n{requirement}\n")
    with pytest.raises(CommandError, match="check the network.*No matching distribution found for absent"):
        layer_members(handlers / "requirements.txt")


@pytest.fixture
def compiler() -> BytecodeCompiler:
    return find_bytecode_compiler(THIS_VERSION)


def compiled_module(compiler: BytecodeCompiler, root: str = LAYER_ROOT) -> bytes:
    name = importlib.util.cache_from_source("package/module.py")
    return compiler.compiled(SOURCES, root)[name]


def test_bytecode_joins_the_sources(compiler: BytecodeCompiler) -> None:
    members = compiler.compiled(SOURCES, LAYER_ROOT)
    assert set(members) == {*SOURCES, *map(importlib.util.cache_from_source, SOURCES)}
    assert {name: members[name] for name in SOURCES} == SOURCES


def test_bytecode_is_used_without_a_look_at_its_source(compiler: BytecodeCompiler) -> None:
    header = compiled_module(compiler)[:16]
    assert header[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(header[4:8], "little") == UNCHECKED_HASH
    assert header[8:] == importlib.util.source_hash(MODULE)


@pytest.mark.parametrize("root", ["/opt", "/var/task"])
def test_tracebacks_show_where_lambda_unpacks_it(compiler: BytecodeCompiler, root: str) -> None:
    code: CodeType = marshal.loads(compiled_module(compiler, root)[16:])
    assert code.co_filename == f"{root}/package/module.py"


def test_the_same_sources_give_the_same_bytecode_wherever_they_are_compiled(
    compiler: BytecodeCompiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compiler.compiled(SOURCES, LAYER_ROOT)
    elsewhere = tmp_path / "a much longer folder for temporary files"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert compiler.compiled(dict(reversed(SOURCES.items())), LAYER_ROOT) == first


def test_the_full_version_identifies_it(compiler: BytecodeCompiler) -> None:
    assert compiler.version == " ".join(map(str, [sys.implementation.cache_tag, *sys.version_info]))


def test_a_source_that_does_not_compile_is_told(compiler: BytecodeCompiler) -> None:
    with pytest.raises(CommandError, match=r"cannot be compiled; correct them \(.*return.* outside function"):
        compiler.compiled({"module.py": b"return 1\n"}, LAYER_ROOT)


def test_a_missing_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CommandError, match=r"^bytecode needs python3\.99, which is neither on PATH nor .*; get it"):
        find_bytecode_compiler("3.99")


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("PYENV_ROOT", "versions/3.99.1/bin"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.99.1-linux-x86_64-gnu/bin"),
        ("XDG_DATA_HOME", "uv/python/cpython-3.99.1-macos-aarch64-none/bin"),
        ("HOME", ".pyenv/versions/3.99.1/bin"),
        ("HOME", ".local/share/uv/python/cpython-3.99.1-linux-x86_64-gnu/bin"),
    ],
)
def test_pyenvs_and_uvs_pythons_are_found_behind_a_shim_that_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, place: str
) -> None:
    shims, installed = tmp_path / "shims", tmp_path / "data" / place
    for path, script in ((shims, "exit 127"), (installed, "echo cpython-399 3 99 1")):
        path.mkdir(parents=True)
        interpreter_that_runs(path, script)
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(shims))
    assert find_bytecode_compiler("3.99").interpreter == str(installed / "python3.99")


def interpreter_that_runs(folder: Path, script: str) -> None:
    shim = folder / "python3.99"
    shim.write_text(f"#!/bin/sh\n{script}\n")
    shim.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'version 3.99 is not set up' >&2; exit 127", "version 3.99 is not set up"),
        ("exit 3", "exit code 3"),
        ("echo first; echo last.; echo; exit 1", "last"),
        ("printf 'ERROR: first\\nERROR: second.\\n    a detail of it\\nWARNING: old\\n'; exit 1", "ERROR: second"),
        ("read answer || { echo 'nobody answers'; exit 1; }", "nobody answers"),
    ],
)
def test_a_python_that_does_not_work_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    interpreter_that_runs(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        CommandError, match=rf"needs a python3\.99 that works, .*/python3\.99 does not; .*\({re.escape(reason)}\)\.$"
    ):
        find_bytecode_compiler("3.99")


def test_what_the_interpreter_prints_is_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter_that_runs(tmp_path, "echo cpython-399 3 99 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_bytecode_compiler("3.99") == BytecodeCompiler(str(tmp_path / "python3.99"), "cpython-399 3 99 0")
