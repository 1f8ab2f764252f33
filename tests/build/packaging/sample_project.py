"""A small stand-in for the real handlers: modules that import each other, and a dependency that needs no network."""

import hashlib
import zipfile
from pathlib import Path

MODULES = {
    "__init__": '"""Handlers."""\n',
    "stream_processor": "from handlers.windows import day\n\n\ndef handler(event, context):\n    return day(event)\n",
    "analytics_processor": "from handlers import counting\n\nhandler = counting.count\n",
    "data_validator": "import json\n\n\ndef handler(event, context):\n    return json.dumps(event)\n",
    "windows": "import datetime\n\n\ndef day(event):\n    return datetime.date.fromisoformat(event)\n",
    "counting": "from handlers.windows import day\n\n\ndef count(event, context):\n    return day(event)\n",
    "never_imported": "raise RuntimeError\n",
}

WHEEL = "sample-1.0-cp313-cp313-manylinux2014_aarch64.whl"
WHEEL_MEMBERS = {
    "sample/__init__.py": "VALUE = 1\n",
    "sample/__init__.pyi": "VALUE: int\n",
    "sample/tests/data.json": "{}\n",
    "sample-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n",
    "sample-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n",
    "sample-1.0.dist-info/entry_points.txt": "[console_scripts]\nsample = sample:main\n",
    "sample-1.0.dist-info/RECORD": "",
}


def write_modules(handlers: Path, modules: dict[str, str]) -> None:
    """Write modules of a package, in the order given."""
    handlers.mkdir(parents=True, exist_ok=True)
    for name, source in modules.items():
        (handlers / f"{name}.py").write_text(source)


def write_requirements(handlers: Path) -> None:
    """Write a wheel for the runtime, and requirements that pip satisfies with it alone."""
    wheel = handlers.parent / "wheels" / WHEEL
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in WHEEL_MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = f"--no-index\n--find-links ../wheels\nsample==1.0 --hash=sha256:{digest}\n"
    (handlers / "requirements.txt").write_text(requirements)


def write_project(root: Path) -> Path:
    """Write all of it below a folder; returns the handlers."""
    handlers = root / "handlers"
    write_modules(handlers, MODULES)
    write_requirements(handlers)
    return handlers
