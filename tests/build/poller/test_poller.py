"""Polling in the background, in real time, over streams in memory; and the clients of a real poller."""

import threading
import time
from typing import Any

import boto3
import pytest

from build.aws import Clients
from build.poller.batches import Backoff
from build.poller.context import PollerOptions
from build.poller.destination import S3Destination
from build.poller.invocation import Function, LambdaFunction, Response
from build.poller.mapping import EventSourceMapping
from build.poller.poller import Poller, PollerClients, open_poller_clients
from build.poller.shards import stream_record
from stack.config import DEFAULT_REGION
from tests.build.poller.fakes import (
    FUNCTION_ARN,
    FakeFunction,
    FakeStreams,
    aws_error,
    crash,
    mapping,
    response,
    script,
)
from tests.build.poller.world import clients_in_memory, pending

PATIENCE = 20
OPTIONS = PollerOptions(poll_interval=0.01, backoff=Backoff(0.01, 0.1))
NOTHING: Any = None
ENDPOINT = "http://127.0.0.1:1"


class RealTime:
    """Real time, for the fakes."""

    @property
    def now(self) -> float:
        return time.time()


def background(
    function: Function, *mappings: EventSourceMapping, streams: FakeStreams | None = None
) -> tuple[Poller, FakeStreams]:
    """A poller over one shard, and its streams."""
    streams = streams or FakeStreams(RealTime())
    return Poller(mappings, clients_in_memory(streams, function), OPTIONS), streams


def test_everything_written_before_is_done_when_waiting_ends() -> None:
    function = FakeFunction(RealTime())
    poller, streams = background(function, mapping(batch_size=10, parallelization_factor=2))
    with poller:
        for _ in range(3):
            streams.put_many(30)
            assert poller.wait_until_idle(PATIENCE)
            assert pending(poller.statistics["mapping"]) == 0
    assert poller.statistics["mapping"].processed == 90


def test_each_mapping_is_polled_and_counted_by_itself() -> None:
    function = FakeFunction(RealTime())
    poller, streams = background(function, mapping(uuid="one"), mapping(uuid="other"))
    streams.put_many(5)
    with poller:
        assert poller.wait_until_idle(PATIENCE)
    assert {uuid: statistics.processed for uuid, statistics in poller.statistics.items()} == {"one": 5, "other": 5}


def test_batches_of_different_lanes_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2)

    def together(payload: bytes) -> Response:
        meeting.wait(PATIENCE)
        return response()

    poller, streams = background(together, mapping(batch_size=1, parallelization_factor=2))
    per_lane = lanes_of_two(streams)
    with poller:
        assert poller.wait_until_idle(PATIENCE)
    assert poller.statistics["mapping"].processed == 2 and per_lane == {0, 1}


def lanes_of_two(streams: FakeStreams) -> set[int]:
    """Write two records that belong to different lanes of two; returns the lanes."""
    records = streams.shards["shard-0"].records
    streams.put_many(10)
    by_lane = {stream_record(record, "", 0).lane_index(2): record for record in records}
    records[:] = by_lane.values()
    return set(by_lane)


def test_waiting_for_what_never_ends_gives_up() -> None:
    release = threading.Event()

    def stuck(payload: bytes) -> Response:
        release.wait(PATIENCE)
        return response()

    poller, streams = background(stuck, mapping())
    streams.put()
    with poller:
        assert not poller.wait_until_idle(0.1)
        release.set()
        assert poller.wait_until_idle(PATIENCE)


def test_stopping_does_not_wait_for_an_invocation_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    called, release = threading.Event(), threading.Event()

    def stuck(payload: bytes) -> Response:
        called.set()
        release.wait(PATIENCE)
        raise RuntimeError("too late")

    poller, streams = background(stuck, mapping())
    streams.put()
    with poller:
        assert called.wait(PATIENCE)
    release.set()
    assert not any(thread.name == "mapping mapping" for thread in threading.enumerate())
    assert capfd.readouterr().err == ""


def test_stopping_does_not_wait_for_a_backoff() -> None:
    function = FakeFunction(RealTime(), crash)
    streams = FakeStreams(RealTime())
    options = PollerOptions(poll_interval=3600, backoff=Backoff(3600, 3600))
    streams.faults["describe_stream"].append(aws_error("InternalServerError"))
    with Poller([mapping()], clients_in_memory(streams, function), options):
        pass
    assert not any(thread.name == "mapping mapping" for thread in threading.enumerate())


def test_failures_are_retried_in_the_background_too() -> None:
    function = FakeFunction(RealTime(), script(crash, crash))
    poller, streams = background(function, mapping(batch_size=1))
    streams.put()
    with poller:
        assert poller.wait_until_idle(PATIENCE)
    assert len(function.events) == 3


def test_what_ends_polling_is_raised_to_those_who_wait(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(payload: bytes) -> Response:
        raise ZeroDivisionError

    poller, streams = background(broken, mapping())
    streams.put()
    with poller, pytest.raises(ZeroDivisionError):
        poller.wait_until_idle(PATIENCE)
    assert capfd.readouterr().err == ""


def test_without_mappings_there_is_nothing_to_wait_for() -> None:
    poller, _ = background(NOTHING)
    with poller:
        assert poller.wait_until_idle(PATIENCE)


@pytest.fixture(scope="module")
def clients() -> PollerClients:
    return open_poller_clients(Clients(boto3.Session(), DEFAULT_REGION, ENDPOINT))


def test_failures_go_to_the_bucket_of_the_mapping(clients: PollerClients) -> None:
    destination = clients.destination(mapping(on_failure_bucket="failed-events"))
    assert isinstance(destination, S3Destination)
    assert destination.bucket == "failed-events"


def test_without_a_bucket_there_is_no_destination(clients: PollerClients) -> None:
    assert clients.destination(mapping(on_failure_bucket=None)) is None


def test_the_function_is_that_of_the_mapping(clients: PollerClients) -> None:
    function = clients.function(mapping())
    assert isinstance(function, LambdaFunction)
    assert function.arn == FUNCTION_ARN


def test_clients_leave_retries_to_the_poller_and_wait_as_long_as_functions_run(clients: Any) -> None:
    used = [clients.streams, clients.function(mapping()).client]
    used.append(clients.destination(mapping(on_failure_bucket="failed-events")).client)
    assert {client.meta.config.retries["total_max_attempts"] for client in used} == {1}
    assert {client.meta.config.connect_timeout for client in used} == {10}
    assert {client.meta.endpoint_url for client in used} == {ENDPOINT}
    assert clients.streams.meta.config.read_timeout == 10
    assert clients.function(mapping()).client.meta.config.read_timeout > 900


def test_a_disabled_mapping_is_not_polled_until_it_is_enabled() -> None:
    function = FakeFunction(RealTime())
    poller, streams = background(function, mapping(), mapping(uuid="other"))
    with poller:
        poller.set_enabled("mapping", False)
        poller.set_enabled("nobody's", False)
        assert not poller.wait_until_idle(0.1)
        streams.put_many(3)
        deadline = time.monotonic() + PATIENCE
        while poller.statistics["other"].processed < 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert poller.statistics["mapping"].processed == 0
        poller.set_enabled("mapping", True)
        assert poller.wait_until_idle(PATIENCE)
        assert poller.statistics["mapping"].processed == 3
