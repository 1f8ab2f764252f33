from pathlib import Path, PurePosixPath

import pytest

from build.errors import CommandError
from build.packaging.layer import is_needed, layer_sources
from tests.build.packaging.sample_project import WHEEL_MEMBERS


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
    sources = layer_sources(handlers / "requirements.txt")
    assert sources == {f"python/{name}": WHEEL_MEMBERS[name].encode() for name in expected}


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
        layer_sources(requirements)


def test_an_index_that_cannot_be_reached_is_told(handlers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_RETRIES", "0")
    requirement = "absent==1.0 --hash=sha256:" + "0" * 64
    (handlers / "requirements.txt").write_text(f"--index-url http://127.0.0.1:9/simple\n{requirement}\n")
    with pytest.raises(CommandError, match="check the network.*No matching distribution found for absent"):
        layer_sources(handlers / "requirements.txt")
