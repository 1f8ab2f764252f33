from collections.abc import Callable
from pathlib import Path

import pytest

from stack import settings
from stack.config import SOURCES, StackConfig
from stack.errors import ConfigurationError
from stack.settings import SuffixSettings, read_settings

Write = Callable[[str], None]
PROD = """
[suffix.prod]
region = eu-west-1
account = 123456789012
role = arn:aws:iam::123456789012:role/deployer
protected = yes
bytecode = no
activity_retention_days = 90
scale = 1e6
tags =
    team = data
    cost-Center = 100%=fixed
parameters =
    AlertEmail = ops@example.com
sizes =
    UserData.memory_size = 512
    UserData.batch_size = 100
    OrderData.timeout = 60
activity_shards =
    0 = 1
    2026-12-01T00:00:00Z = 8
pages_in_one_invocation = 0
"""


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Write:
    """Writes the file of settings."""
    path = tmp_path / "setup.cfg"
    monkeypatch.setattr(settings, "SETTINGS_FILE", path)

    def write(text: str) -> None:
        path.write_text(text, encoding="utf-8")

    return write


def test_a_section_sets_everything(write: Write) -> None:
    write(PROD)
    assert read_settings("prod") == SuffixSettings(
        suffix="prod",
        region="eu-west-1",
        account="123456789012",
        role="arn:aws:iam::123456789012:role/deployer",
        protected=True,
        bytecode=False,
        activity_retention_days=90,
        scale=1e6,
        tags={"team": "data", "cost-Center": "100%=fixed"},
        parameters={"AlertEmail": "ops@example.com"},
        sizes={"UserData": {"memory_size": 512, "batch_size": 100}, "OrderData": {"timeout": 60}},
        activity_shards=((0, 1), ("2026-12-01T00:00:00Z", 8)),
        pages_in_one_invocation=0,
    )
    assert read_settings("prod").config.pages_in_one_invocation == 0
    assert read_settings("prod").config.activity_shards == ((0, 1), ("2026-12-01T00:00:00Z", 8))


@pytest.mark.parametrize(
    "lines",
    ["1 = 8", "2026-12-01T00:00:00Z = 8", "0 = 1\n    tomorrow = 8", "0 = many", "0 = 1.5", "0 = -1", "0 = ²", ""]
    + ["0 = 1\n    2026-12-01T00:00:00Z = 0", "0 = 9999999999999999999"],
)
def test_shards_that_cannot_be_used_are_one_sentence(write: Write, lines: str) -> None:
    write(f"[suffix.dev]\nactivity_shards =\n    {lines}\n")
    with pytest.raises(
        ConfigurationError, match=r"^activity_shards in setup.cfg \[suffix.dev\] is wrong: .*write it like"
    ):
        read_settings("dev")


@pytest.mark.parametrize("text", [PROD, "", "[flake8]\nmax-line-length = 120\n"])
def test_without_a_section_nothing_is_set(write: Write, text: str) -> None:
    write(text)
    assert read_settings("dev") == SuffixSettings("dev")
    assert read_settings("dev").config == StackConfig("dev")


def test_without_a_file_nothing_is_set(write: Write) -> None:
    assert read_settings("prod") == SuffixSettings("prod")


def test_sizes_change_the_named_sources_and_nothing_else(write: Write) -> None:
    write(PROD)
    user, order, *others = read_settings("prod").config.sources
    assert (user.memory_size, user.batch_size, user.timeout) == (512, 100, SOURCES[0].timeout)
    assert (order.memory_size, order.batch_size, order.timeout) == (SOURCES[1].memory_size, SOURCES[1].batch_size, 60)
    assert [user.name, order.name, *others] == [SOURCES[0].name, SOURCES[1].name, *SOURCES[2:]]


@pytest.mark.parametrize(
    ("suffix", "value", "protected"), [("try", "yes", True), ("try", "no", False), ("prod", "on", True)]
)
def test_any_suffix_can_be_protected(write: Write, suffix: str, value: str, protected: bool) -> None:
    write(f"[suffix.{suffix}]\nprotected = {value}\n")
    assert read_settings(suffix).config.protected is protected


def test_a_suffix_that_is_always_protected_cannot_be_left_open(write: Write) -> None:
    write("[suffix.prod]\nprotected = no\n")
    with pytest.raises(ConfigurationError, match=r"protected in setup.cfg \[suffix.prod\] is no, and prod is always"):
        read_settings("prod")


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("acount = 123456789012", "has the unknown key acount; the keys are region, account, role"),
        ("account = 1234", "account in setup.cfg [suffix.dev] is '1234'; write the twelve digits"),
        ("region = Oregon", "is 'Oregon'; write a region like us-west-2"),
        ("role = deployer", "write the ARN of a role"),
        ("protected = maybe", "is 'maybe'; write yes or no"),
        ("scale = many", "is 'many'; write the records of a day, as 1e9"),
        ("activity_retention_days = 2", "is '2'; write a whole number from 3 to 36,500"),
        ("tags =\n  team", "tags in setup.cfg [suffix.dev] has the line 'team'; write each name once"),
        ("parameters =\n  A = 1\n  A = 2", "has the line 'A = 2'; write each name once"),
        ("sizes =\n  Users.timeout = 3", "has Users.timeout; write SOURCE.SIZE, with a source of UserData, OrderData"),
        ("sizes =\n  UserData.colour = 3", "a size of memory_size, timeout, batch_size"),
        ("sizes =\n  UserData.timeout = 901", "is '901'; write a whole number from 1 to 900"),
        ("sizes =\n  UserData.memory_size = many", "is 'many'; write a whole number from 128 to 10,240"),
        ("pages_in_one_invocation = all", "is 'all'; write a whole number from 0 to 1,000,000"),
        ("region = us-west-2\nregion = eu-west-1", "setup.cfg cannot be read"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(write: Write, lines: str, sentence: str) -> None:
    write(f"[suffix.dev]\n{lines}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_settings("dev")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
