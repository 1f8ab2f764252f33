"""The lock is complete: what it pins meets every requirement, so an installation never has to resolve anything."""

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1]
LOCK = PROJECT / "build" / "requirements.txt"
UV_LOCK = PROJECT / "build" / "requirements-uv.txt"
LAYER_LOCK = PROJECT / "handlers" / "requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
}
IN_THE_RUNTIME = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})
"""Lambda's runtime brings these (https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html)."""

Environment = dict[str, str]


@dataclass(frozen=True)
class Pin:
    """A line of a lock: one version of a package, for some environments, and the hashes of its files."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version

    def is_for(self, environment: Environment) -> bool:
        marker = self.requirement.marker
        return marker is None or marker.evaluate(dict(environment))


@cache
def pins(lock: Path) -> list[Pin]:
    """The pins of a lock file."""
    entries = re.split(r"\n(?=\w)", lock.read_text().strip())
    parts = [[part.strip() for part in entry.split("\\\n")] for entry in entries]
    return [Pin(Requirement(first), tuple(hashes)) for first, *hashes in parts]


def environment_of(python: str, platform: str) -> Environment:
    """The markers' values on another Python and platform."""
    here = {name: str(value) for name, value in default_environment().items()}
    return {**here, **PLATFORMS[platform], "python_version": python, "python_full_version": f"{python}.0", "extra": ""}


def requested(*extras: str) -> list[Requirement]:
    """What setup.cfg asks for."""
    settings = configparser.ConfigParser()
    settings.read(PROJECT / "setup.cfg")
    texts = [settings["options"]["install_requires"]] if not extras else []
    texts += [settings["options.extras_require"][extra] for extra in extras]
    return [Requirement(line) for text in texts for line in text.strip().splitlines()]


def requirements_of(requirement: Requirement, environment: Environment) -> Iterator[Requirement]:
    """What a package requires, with its extras, read from its installed metadata.

    The metadata of the installed version stands for those of other Pythons; each Python checks its own.
    """
    try:
        found = requires(requirement.name) or []
    except PackageNotFoundError:
        pin = next(pin for pin in pins(LOCK) if pin.name == canonicalize_name(requirement.name))
        assert not pin.is_for({name: str(value) for name, value in default_environment().items()})
        return
    for child in map(Requirement, found):
        for extra in ("", *requirement.extras):
            if child.marker is None or child.marker.evaluate({**environment, "extra": extra}):
                yield child


def unmet(lock: Path, roots: list[Requirement], environment: Environment, provided: frozenset[str]) -> list[str]:
    """The requirements, direct and indirect, that no pin meets."""
    by_name = {pin.name: pin for pin in pins(lock) if pin.is_for(environment)}
    problems, seen, waiting = [], set[str](), list(roots)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in provided or str(requirement) in seen:
            continue
        seen.add(str(requirement))
        if name not in by_name or not requirement.specifier.contains(by_name[name].version, prereleases=True):
            problems.append(str(requirement))
        else:
            waiting += requirements_of(requirement, environment)
    return problems


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_met_by_a_pin(python: str, platform: str) -> None:
    roots = [*requested(), *requested("layer", "local", "console", "test", "bench")]
    assert unmet(LOCK, roots, environment_of(python, platform), frozenset()) == []


@pytest.mark.parametrize(
    ("requirement", "missing"),
    [("pytest < 1", "pytest<1"), ("left-pad", "left-pad"), ("pytest-cov[testing]", "virtualenv; extra == 'testing'")],
)
def test_a_missing_pin_is_found_in_extras_too(requirement: str, missing: str) -> None:
    problems = unmet(LOCK, [Requirement(requirement)], environment_of("3.11", "linux"), frozenset())
    assert missing in [problem.replace('"', "'") for problem in problems]


def test_the_layer_needs_nothing_but_its_pins_and_the_runtime() -> None:
    assert unmet(LAYER_LOCK, requested("layer"), environment_of("3.13", "linux"), IN_THE_RUNTIME) == []


def test_uv_needs_nothing_else() -> None:
    assert [str(pin.requirement) for pin in pins(UV_LOCK)] == [
        str(asked).replace(" ", "") for asked in requested("lock")
    ]


@pytest.mark.parametrize("lock", [LOCK, UV_LOCK, LAYER_LOCK], ids=lambda lock: str(lock.relative_to(PROJECT)))
def test_every_pin_has_the_hashes_of_its_files(lock: Path) -> None:
    assert pins(lock)
    for pin in pins(lock):
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in pin.hashes), pin.name


@pytest.mark.parametrize("lock", [LOCK, UV_LOCK, LAYER_LOCK], ids=lambda lock: str(lock.relative_to(PROJECT)))
def test_an_environment_has_one_version_of_a_package_at_most(lock: Path) -> None:
    for python in PYTHONS:
        names = [pin.name for pin in pins(lock) if pin.is_for(environment_of(python, "linux"))]
        assert len(names) == len(set(names))


def test_the_oldest_python_is_the_one_that_setup_cfg_names() -> None:
    settings = configparser.ConfigParser()
    settings.read(PROJECT / "setup.cfg")
    supported = SpecifierSet(settings["options"]["python_requires"])
    assert [python for python in ("3.10", *PYTHONS) if supported.contains(python)] == list(PYTHONS)
