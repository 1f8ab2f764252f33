"""The command `size` from its words to what it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from build.command_line import main
from build.sizing.command import exceeded_limits, settings_lines
from build.sizing.costs import daily_bill, load_prices, total_dollars
from stack import settings
from stack.sizing import sized_sources
from tests.sources import two_sources

CONFIG = two_sources("dev")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No suffix has settings, but what a test writes."""
    path = tmp_path / "setup.cfg"
    monkeypatch.setattr(settings, "SETTINGS_FILE", path)
    return path


def sized(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["size", "--json", *words]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return document


def test_a_billion_records_a_day_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    document = sized(capsys, "--records-per-day", "1e9", "--peak", "3")
    assert document["breaks"][0]["reached"] is True
    for source in document["sources"]:
        assert source["iterator_age_seconds"] < 60
        assert source["concurrency"]["peak"] <= source["concurrency"]["most"]
    assert document["dollars_a_day"] == pytest.approx(sum(line["dollars"] for line in document["costs"]))
    assert document["settings"][-1].startswith("activity_shards: TIME = ")


def test_tables_name_everything_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["size", "--records-per-day", "1e9"]) == 0
    printed = capsys.readouterr().out
    for word in ("activity shards", "batch size", "window", "parallelization", "memory", "concurrency", "iterator age"):
        assert word in printed
    assert "Limits to raise" in printed and "OrderData falls behind a stream shard" in printed and "total" in printed


def test_a_small_stack_needs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    document = sized(capsys, "--records-per-day", "1000")
    assert (document["limits"], document["settings"]) == ([], [])
    assert not any(point["reached"] for point in document["breaks"])


def test_the_settings_of_the_suffix_are_what_breaks(no_settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    no_settings.write_text("[suffix.prod]\nscale = 1e9\n")
    document = sized(capsys, "--records-per-day", "1e9", "--suffix", "prod")
    assert not any("falls behind" in point["what"] for point in document["breaks"])
    assert [line for line in document["settings"] if line.startswith("sizes")] == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--records-per-day", "many"], "'many' is not a number of records, as 1e9"),
        (["--records-per-day", "0"], "'0' is not a number of records"),
        (["--records-per-day", "inf"], "'inf' is not a number of records"),
        (["--records-per-day", "1e9", "--peak", "0.5"], "'0.5' is not a number from 1 on"),
        ([], "--records-per-day"),
    ],
)
def test_a_load_that_is_none_is_wrong_usage(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["size", *words])
    assert sentence in capsys.readouterr().err


def test_limits_are_named_only_where_they_are_exceeded() -> None:
    assert list(exceeded_limits(sized_sources(CONFIG.sources, 1e8, 3))) == []
    exceeded = {limit.what: limit.needed for limit in exceeded_limits(sized_sources(CONFIG.sources, 4e9, 3))}
    assert exceeded["quota of writes/s of AnalyticsTable"] == 138_889
    assert "quota of writes/s of UserDataTable" in exceeded


def test_the_lines_to_add_are_the_sizes_that_differ() -> None:
    lines = settings_lines(CONFIG, sized_sources(CONFIG.sources, 1e9, 3))
    assert lines[-2:] == ["pages_in_one_invocation: 0", "activity_shards: TIME = 22"]
    assert "sizes: OrderData.batch_size = 25" in lines


def test_a_bill_grows_no_faster_than_its_records() -> None:
    prices = load_prices().prices
    small, large = (
        total_dollars(daily_bill(sized_sources(CONFIG.sources, records, 3), prices)) for records in (1e8, 1e9)
    )
    assert 5 * small < large <= 10.5 * small


def test_every_activity_is_one_write_and_is_counted_twice() -> None:
    bill = {line.name: line for line in daily_bill(sized_sources(CONFIG.sources, 2e6, 3), load_prices().prices)}
    assert bill["UserData: DynamoDB writes of activities"].amount == 1e6
    assert bill["UserData: DynamoDB reads of the summary"].amount == pytest.approx(40_000)
    assert bill["UserData: DynamoDB writes of activities"].dollars == pytest.approx(0.625)
