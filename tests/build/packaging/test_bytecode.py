import importlib.util
import marshal
import sys
from pathlib import Path
from types import CodeType

import pytest

from build.errors import CommandError
from build.packaging.bytecode import RuntimeBytecode, SourceOnly, runtime_bytecode

THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
MODULE = b"NAMES = {'a', 'b'}\n\n\ndef known(name):\n    return name in {'c', 'd'}\n"
SOURCES = {"package/__init__.py": b"", "package/module.py": MODULE}
UNCHECKED_HASH = 0b01


@pytest.fixture
def bytecode() -> RuntimeBytecode:
    return runtime_bytecode(THIS_VERSION)


def compiled(bytecode: RuntimeBytecode) -> bytes:
    name = importlib.util.cache_from_source("package/module.py")
    return bytecode.complete(SOURCES)[name]


def test_sources_alone_stay_as_they_are() -> None:
    assert SourceOnly().complete(SOURCES) is SOURCES


def test_bytecode_joins_the_sources(bytecode: RuntimeBytecode) -> None:
    members = bytecode.complete(SOURCES)
    assert set(members) == {*SOURCES, *map(importlib.util.cache_from_source, SOURCES)}
    assert {name: members[name] for name in SOURCES} == SOURCES


def test_bytecode_is_used_without_a_look_at_its_source(bytecode: RuntimeBytecode) -> None:
    header = compiled(bytecode)[:16]
    assert header[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(header[4:8], "little") == UNCHECKED_HASH
    assert header[8:] == importlib.util.source_hash(MODULE)


def test_tracebacks_show_where_lambda_unpacks_it(bytecode: RuntimeBytecode) -> None:
    code: CodeType = marshal.loads(compiled(bytecode)[16:])
    assert code.co_filename == "/opt/package/module.py"


def test_the_same_sources_give_the_same_bytecode_wherever_they_are_compiled(
    bytecode: RuntimeBytecode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bytecode.complete(SOURCES)
    elsewhere = tmp_path / "a much longer folder for temporary files"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert bytecode.complete(dict(reversed(SOURCES.items()))) == first


def test_the_full_version_identifies_it(bytecode: RuntimeBytecode) -> None:
    assert bytecode.identity == " ".join(map(str, [sys.implementation.cache_tag, *sys.version_info]))


def test_a_source_that_does_not_compile_is_told(bytecode: RuntimeBytecode) -> None:
    with pytest.raises(CommandError, match=r"cannot be compiled; correct them \(.*return.* outside function"):
        bytecode.complete({"module.py": b"return 1\n"})


def test_a_missing_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CommandError, match=r"^--bytecode needs python3\.99 on PATH; install Python 3\.99 or"):
        runtime_bytecode("3.99")


def test_a_python_that_does_not_work_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\necho 'version 3.99 is not set up' >&2\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        CommandError,
        match=r"needs a python3\.99 that works, .*/python3\.99 does not; .*\(version 3\.99 is not set up\)\.$",
    ):
        runtime_bytecode("3.99")
