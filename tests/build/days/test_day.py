"""What is said of a day, for everything that can be known of it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from build.days.day import Day, DayState, Losses, days_table

COUNTED = {"UserData": 3, "OrderData": 4}


def a_day(**more: Any) -> Day:
    return Day(**{"date": date(2026, 3, 1), "activities": COUNTED, "summarised": COUNTED, **more})


def test_a_day_whose_summary_has_every_activity_is_exact() -> None:
    day = a_day()
    assert (day.state, day.number, day.reasons, day.lacks_summary) == (DayState.EXACT, "7", [], False)


def test_a_day_without_a_summary_is_missing_also_without_activities() -> None:
    for activities in (COUNTED, {"UserData": 0, "OrderData": 0}):
        day = a_day(activities=activities, summarised=None)
        assert (day.state, day.lacks_summary, day.at_least) == (DayState.MISSING, True, False)


def test_a_day_with_newer_activities_is_stale_and_says_how_many() -> None:
    day = a_day(summarised={"UserData": 1, "OrderData": 4})
    assert (day.state, day.lacks_summary, day.number) == (DayState.STALE, True, "7")
    assert day.reasons == ["activities that the summary has not: 2 of UserData"]


def test_a_summary_from_before_a_source_was_added_counts_none_of_it() -> None:
    assert a_day(activities={**COUNTED, "InvoiceData": 0}).state is DayState.EXACT
    assert a_day(activities={**COUNTED, "InvoiceData": 1}).state is DayState.STALE


def test_a_day_that_lost_activities_is_not_summarised_again_which_would_hide_it() -> None:
    day = a_day(activities={"UserData": 1, "OrderData": 9})
    assert (day.state, day.lacks_summary, day.number) == (DayState.PARTLY_LOST, False, "at least 10")
    assert day.reasons == [
        "activities that the summary has not: 5 of OrderData",
        "activities that the summary counted and that are gone: 2 of UserData",
    ]


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        (Losses(failed={"UserData": 1_000}), "failed events: 1,000 of UserData, which `redrive` replays"),
        (
            Losses(dropped={"UserData": 2}),
            "dropped records: up to 2 of UserData, which are in no stream and no bucket",
        ),
        (Losses(undelivered={"UserData": 1}), "failed batches of UserData that could not be stored: up to 1"),
    ],
)
def test_a_day_with_a_loss_is_partly_lost_and_has_at_least_its_activities(losses: Losses, reason: str) -> None:
    day = a_day(losses=losses)
    assert (day.state, day.number, day.reasons) == (DayState.PARTLY_LOST, "at least 7", [reason])


def test_a_day_whose_stream_nobody_is_known_to_have_read_is_never_exact() -> None:
    day = a_day(losses=Losses(unread=("UserData",)))
    assert (day.state, day.number, day.lacks_summary) == (DayState.AT_LEAST, "at least 7", False)
    assert day.reasons == [
        "no metric says that the stream of UserData was read before it lost its records, after 24 hours"
    ]


def test_a_summary_that_has_to_be_made_is_made_in_spite_of_losses() -> None:
    losses = Losses(failed={"UserData": 1}, unread=("OrderData",))
    assert a_day(losses=losses, summarised=None).state is DayState.MISSING
    stale = a_day(losses=losses, summarised={"UserData": 3, "OrderData": 1})
    assert (stale.state, stale.number, len(stale.reasons)) == (DayState.STALE, "at least 7", 3)


def test_what_is_under_way_comes_first() -> None:
    day = a_day(summarised=None, running="the day is not over", losses=Losses(dropped={"UserData": 1}))
    assert (day.state, day.lacks_summary, day.reasons[0]) == (DayState.RUNNING, False, "the day is not over")


def test_a_day_is_a_row_and_a_document() -> None:
    day = a_day(losses=Losses(dropped={"UserData": 1}))
    missing = a_day(summarised=None)
    assert [row[:4] for row in days_table([day, missing]).rows] == [
        ("2026-03-01", "partly lost", "at least 7", "7"),
        ("2026-03-01", "missing", "7", ""),
    ]
    assert day.document == {
        "day": date(2026, 3, 1),
        "state": "partly lost",
        "activities": COUNTED,
        "total": 7,
        "at_least": True,
        "summarised": COUNTED,
        "failed": {},
        "dropped": {"UserData": 1},
        "undelivered": {},
        "unread": [],
        "began": {},
        "reasons": day.reasons,
    }
    assert missing.document["summarised"] is None


def test_a_day_before_a_table_was_restored_has_at_least_its_activities_and_is_never_exact() -> None:
    day = a_day(losses=Losses(began={"UserData": datetime(2026, 3, 1, 14, 30, tzinfo=UTC)}))
    assert (day.state, day.number, day.at_least) == (DayState.AT_LEAST, "at least 7", True)
    (reason,) = day.reasons
    assert reason.startswith("the stream of UserData began at 2026-03-01T14:30:00Z, with a table that was restored")
    assert day.document["began"] == {"UserData": datetime(2026, 3, 1, 14, 30, tzinfo=UTC)}
