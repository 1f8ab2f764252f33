"""AWS is asked thirty times a minute at most, and nothing is changed that was not allowed."""

import pytest

from build.console.reads import (
    MOST_READS_A_MINUTE,
    REDRIVING,
    ReadPace,
    RefusedWrite,
    is_read,
    keep_pace,
    refuse_writes,
)
from build.local.cloud import emulator_clients
from build.local.emulator import Emulator


class Clock:
    """A clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def test_one_too_many_waits_until_the_minute_is_over() -> None:
    clock = Clock()
    pace = ReadPace(clock=clock, pause=clock.sleep)
    for _ in range(MOST_READS_A_MINUTE):
        pace.wait()
        clock.now += 1
    assert clock.waits == []
    pace.wait()
    assert clock.waits == [60 - MOST_READS_A_MINUTE]


def test_no_minute_has_more_than_its_number() -> None:
    clock = Clock()
    pace = ReadPace(clock=clock, pause=clock.sleep)
    times = []
    for _ in range(10 * MOST_READS_A_MINUTE):
        pace.wait()
        times.append(clock.now)
        clock.now += 0.01
    for start in times:
        assert sum(start <= time < start + 60 for time in times) <= MOST_READS_A_MINUTE


def test_every_request_of_a_session_counts(emulator: Emulator) -> None:
    clock = Clock()
    clients = emulator_clients(emulator.endpoint, "test", "test")
    keep_pace(clients.session, ReadPace(2, clock, clock.sleep))
    for _ in range(3):
        clients.dynamodb.list_tables()
    clients.s3.list_buckets()
    assert [round(wait) for wait in clock.waits] == [60, 0]


def test_what_changes_something_is_refused_before_it_is_sent(emulator: Emulator) -> None:
    clients = emulator_clients(emulator.endpoint, "test", "test")
    refuse_writes(clients.session, ())
    sns = clients.session.client("sns", endpoint_url=emulator.endpoint)
    with pytest.raises(RefusedWrite, match="did not call CreateTopic"):
        sns.create_topic(Name="never")
    with pytest.raises(RefusedWrite, match="did not call DeleteObject"):
        clients.s3.delete_object(Bucket="any", Key="any")
    assert not any(topic["TopicArn"].endswith(":never") for topic in sns.list_topics()["Topics"])


def test_what_is_allowed_is_not_refused(emulator: Emulator) -> None:
    clients = emulator_clients(emulator.endpoint, "test", "test")
    refuse_writes(clients.session, REDRIVING)
    with pytest.raises(clients.s3.exceptions.NoSuchBucket):
        clients.s3.delete_object(Bucket="no-such-bucket", Key="any")
    with pytest.raises(RefusedWrite):
        clients.dynamodb.delete_table(TableName="any")


@pytest.mark.parametrize("name", ["PutItem", "StartExecution", "Invoke", "DeleteObject", "SetAlarmState"])
def test_an_operation_that_changes_something_is_no_read(name: str) -> None:
    assert not is_read(name)
