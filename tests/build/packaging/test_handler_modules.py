from pathlib import Path

import pytest

from build.errors import CommandError
from build.packaging.handler_modules import imported_modules, sources_of
from tests.build.packaging.sample_project import MODULES, write_modules


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
def test_finds_what_a_module_imports_from_the_handlers(source: str, modules: set[str]) -> None:
    assert imported_modules(source.encode(), Path("module.py")) == modules


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
    assert sources_of(entry_module, handlers) == expected


def test_modules_may_import_each_other(tmp_path: Path) -> None:
    write_modules(
        tmp_path, {"__init__": "", "first": "import handlers.second", "second": "from handlers import first, second"}
    )
    assert set(sources_of("first", tmp_path)) == {f"handlers/{name}.py" for name in ("__init__", "first", "second")}


def test_what_the_package_itself_imports_is_needed(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": "from handlers import setup", "setup": "", "entry": ""})
    assert "handlers/setup.py" in sources_of("entry", tmp_path)


def test_line_ends_of_the_checkout_change_nothing(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": "", "entry": ""})
    (tmp_path / "entry.py").write_bytes(b"import json\r\nimport os\r\n")
    assert sources_of("entry", tmp_path)["handlers/entry.py"] == b"import json\nimport os\n"


def test_names_the_module_that_is_missing_and_who_wants_it(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": "", "entry": "from handlers.lost import x"})
    with pytest.raises(CommandError, match=r"lost\.py does not exist, but handlers/entry\.py needs it"):
        sources_of("entry", tmp_path)


def test_names_an_entry_module_that_is_missing(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": ""})
    with pytest.raises(CommandError, match=r"entry\.py does not exist, but a function of the stack needs it"):
        sources_of("entry", tmp_path)


@pytest.mark.parametrize("source", [b"def handler(:\n", b"a = 1\0"])
def test_a_module_that_is_not_python_is_named(tmp_path: Path, source: bytes) -> None:
    write_modules(tmp_path, {"__init__": ""})
    (tmp_path / "entry.py").write_bytes(source)
    with pytest.raises(CommandError, match=r"entry\.py cannot be packaged, it is not valid Python"):
        sources_of("entry", tmp_path)


def test_a_module_that_is_not_text_is_named(tmp_path: Path) -> None:
    write_modules(tmp_path, {"__init__": ""})
    (tmp_path / "entry.py").write_bytes(b'"\xff"\n')
    with pytest.raises(CommandError, match=r"entry\.py cannot be packaged, it is not UTF-8 text"):
        sources_of("entry", tmp_path)
