"""Nobody but the page gets an answer, whatever is asked for; what may only read, reads."""

import json
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from build.cloudformation.stacks import DeployedStack
from build.commands.logs import log_entry
from build.console import pages
from build.console.access import CSRF_HEADER, Access, Session
from build.console.command import deployed_target
from build.console.execution_paths import ExecutionPath, ListedExecution
from build.console.log_buffer import without_payload
from build.console.pages import PANELS
from build.console.reads import MOST_READS_A_MINUTE, ReadBudget
from build.console.target import AllowedActions, Target
from build.local.cloud import LocalCloud
from build.options import stack_context
from tests.build.console.requests import all_routes, ask, own_headers
from tests.build.console.seeding import SOURCE, store_failure
from tests.build.console.serving import RunningConsole, running_console
from tests.build.console.test_reads import ALWAYS_THERE, Clock, is_read
from tests.build.console.writing import record, write_and_process

FORBIDDEN = 403


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class CountingBudget(ReadBudget):
    """Knows how many requests have asked it."""

    asked = 0

    def wait(self, **event: Any) -> None:
        self.asked += 1
        super().wait()


@contextmanager
def opened(cloud: LocalCloud, actions: AllowedActions, budget: ReadBudget) -> Iterator[Target]:
    """The stack as `python -m build console --suffix` opens it; its clients are made when they are first used."""
    chosen = Namespace(suffix=cloud.config.suffix, profile=None, region=None, json=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**cloud.emulator.variables, "AWS_ENDPOINT_URL": cloud.emulator.endpoint}.items():
            patch.setenv(name, value)
        with stack_context(chosen) as context, stack_context(chosen) as again:
            target = deployed_target(context, again.clients, actions, budget)
            yield replace(
                target,
                clients=replace(target.clients),
                redrive_clients=replace(target.redrive_clients),
                config=cloud.config,
                seconds_between_reads=3600.0,
            )


@pytest.fixture(scope="module")
def read_only(cloud: LocalCloud) -> Iterator[tuple[RunningConsole, list[str]]]:
    """A console over a deployed stack that may only read, and the operations that it calls or wants to call."""
    called: list[str] = []
    clock = Clock()
    with opened(cloud, AllowedActions(), ReadBudget(clock, clock.sleep)) as target:
        for clients in (target.clients, target.redrive_clients):
            clients.session.events.register_first("provide-client-params", lambda model, **_: called.append(model.name))
        with running_console(target) as running:
            yield running, called


def test_there_are_routes_of_both_kinds(running: RunningConsole) -> None:
    methods = [method for method, _ in all_routes(running)]
    assert methods.count("POST") == 3 and methods.count("GET") >= 10


def test_every_route_refuses_a_foreign_host(running: RunningConsole) -> None:
    headers = {**own_headers(running), "Host": f"evil.example:{running.port}"}
    assert _statuses(running, headers) == {FORBIDDEN}


def test_every_route_refuses_a_foreign_origin(running: RunningConsole) -> None:
    assert _statuses(running, {**own_headers(running), "Origin": "http://evil.example"}) == {FORBIDDEN}


def test_every_route_refuses_a_cross_site_request(running: RunningConsole) -> None:
    for site in ("cross-site", "same-site"):
        assert _statuses(running, {**own_headers(running), "Sec-Fetch-Site": site}) == {FORBIDDEN}


def test_every_route_refuses_who_has_no_cookie(running: RunningConsole) -> None:
    own = own_headers(running)
    assert _statuses(running, {CSRF_HEADER: own[CSRF_HEADER]}) == {FORBIDDEN}
    assert _statuses(running, {**own, "Cookie": f"console-{running.port}=wrong"}) == {FORBIDDEN}
    assert _statuses(running, {**own, "Cookie": 'a="'}) == {FORBIDDEN}


def test_every_post_needs_a_token_of_its_own(running: RunningConsole) -> None:
    own = own_headers(running)
    for token in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: "wrong"}):
        headers = {"Cookie": own["Cookie"], **token}
        posts = [ask(running, method, path, headers) for method, path in all_routes(running) if method == "POST"]
        assert {answer.status for answer in posts} == {FORBIDDEN}


def test_every_answer_forbids_what_is_not_its_own(running: RunningConsole) -> None:
    for headers in (own_headers(running), {}):
        for method, path in all_routes(running):
            answer = ask(running, method, path, headers)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
            assert answer.headers["cache-control"] == "no-store"
            assert "access-control-allow-origin" not in answer.headers


def test_the_token_of_the_address_opens_the_page_once(target: Target) -> None:
    with running_console(target) as console:
        path = console.access.address.removeprefix(console.address)
        assert ask(console, "GET", "/?token=guessed", {}).status == FORBIDDEN
        opened = ask(console, "GET", path, {})
        assert opened.status == 303 and opened.headers["location"] == "/"
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert ask(console, "GET", "/", {"Cookie": cookie.partition(";")[0]}).status == 200
        assert ask(console, "GET", path, {}).status == FORBIDDEN
        assert ask(console, "GET", path, {"Cookie": cookie.partition(";")[0]}).status == 303


def test_reading_alone_changes_nothing(
    cloud: LocalCloud, stack: DeployedStack, read_only: tuple[RunningConsole, list[str]]
) -> None:
    running, called = read_only
    store_failure(cloud, stack, "read-only")
    running.console.overview.read()
    snapshot = running.console.overview.snapshot
    assert not snapshot.problem
    for method, path in all_routes(running):
        ask(running, method, path, form={"date": "2026-01-31", "rate": "1", "stack": running.console.target.stack.name})
    for path in (
        f"/trace?source={SOURCE.name}&id=read-only",
        f"/alarms/{snapshot.alarms[0].name}",
        *(f"/executions/{execution.name}" for execution in snapshot.executions[:1]),
        *(f"/panels/{panel}" for panel in PANELS),
        *(f"/panels/{panel}/live" for panel in PANELS),
    ):
        assert ask(running, "GET", path).status == 200, path
    assert {"DescribeAlarms", "GetMetricData", "ListExecutions", "FilterLogEvents", "GetRecords"} <= set(called)
    assert [name for name in called if not is_read(name)] == []


def test_what_somebody_asks_for_is_read_before_what_the_page_refreshes(cloud: LocalCloud, stack: DeployedStack) -> None:
    clock = Clock()
    budget = ReadBudget(clock, clock.sleep)
    with opened(cloud, AllowedActions(), budget) as target, running_console(target) as console:
        store_failure(cloud, stack, "asked-for")
        wait_for(lambda: console.console.overview.version == 2)
        console.console.overview.read()
        clock.waits.clear()
        clock.now += 60
        for _ in range(MOST_READS_A_MINUTE - ALWAYS_THERE):
            budget.wait()
        assert ask(console, "GET", f"/alarms/{console.console.overview.snapshot.alarms[0].name}").status == 200
        assert clock.waits == []
        assert "asked-for" in ask(console, "GET", "/panels/failed-events/live").text
        assert clock.waits != []


@pytest.mark.slow
def test_a_redrive_does_not_wait_and_the_page_reads_thirty_times_a_minute(
    cloud: LocalCloud, stack: DeployedStack
) -> None:
    clock, reads, replays = Clock(), list[float](), list[float]()
    budget = CountingBudget(clock, clock.sleep)
    with opened(cloud, AllowedActions(redrive=True), budget) as target:
        before = budget.asked
        target.clients.session.events.register("before-send", lambda **_: reads.append(clock.now))
        target.redrive_clients.session.events.register("before-send", lambda **_: replays.append(clock.now))
        with running_console(target) as console:
            alarm = console.console.overview.snapshot.alarms[0].name
            for number in range(MOST_READS_A_MINUTE):
                store_failure(cloud, stack, f"redriven-at-once-{number}")
                ask(console, "GET", f"/alarms/{alarm}")
            assert ask(console, "POST", "/redrive").status == 200
            wait_for(lambda: console.console.redrive.state.outcome)
            wait_for(lambda: budget.asked - before == len(reads))
    assert console.console.redrive.state.done >= MOST_READS_A_MINUTE
    assert len(replays) > 2 * MOST_READS_A_MINUTE and len(reads) > MOST_READS_A_MINUTE
    for start in reads:
        assert sum(start <= moment < start + 60 for moment in reads) <= MOST_READS_A_MINUTE


@pytest.mark.parametrize(("path", "option"), [("/executions", "--allow-execute"), ("/redrive", "--allow-redrive")])
def test_what_is_not_allowed_is_refused_with_the_option(
    path: str, option: str, read_only: tuple[RunningConsole, list[str]]
) -> None:
    answer = ask(read_only[0], "POST", path, form={"date": "2026-01-31"})
    assert answer.status == FORBIDDEN and option in answer.text


def test_records_are_generated_in_the_local_cloud_alone(read_only: tuple[RunningConsole, list[str]]) -> None:
    assert ask(read_only[0], "POST", "/generator", form={"rate": "1"}).status == FORBIDDEN
    assert "Records a second" not in ask(read_only[0], "GET", "/").text


def test_a_protected_stack_is_redriven_only_when_its_name_is_typed(
    cloud: LocalCloud, stack: DeployedStack, target: Target
) -> None:
    store_failure(cloud, stack, "protected")
    config = replace(target.config, protected_by_settings=True)
    with running_console(replace(target, config=config)) as console:
        for typed in ("TapStack", "", target.stack.name.lower(), f"{target.stack.name} "):
            refused = ask(console, "POST", "/redrive", form={"stack": typed})
            assert refused.status == 400 and f"type {target.stack.name} if it is meant" in refused.text
        assert ask(console, "POST", "/redrive").status == 400
        assert not console.console.redrive.state.running and not console.console.redrive.state.outcome
        assert f"Type {target.stack.name} to go on" in ask(console, "GET", "/panels/failed-events").text
        assert ask(console, "POST", "/redrive", form={"stack": target.stack.name}).status == 200
        wait_for(lambda: console.console.redrive.state.outcome)
        assert "recorded" in console.console.redrive.state.outcome


def test_payloads_of_a_protected_stack_are_not_shown(cloud: LocalCloud, stack: DeployedStack, target: Target) -> None:
    """The functions of this stack log their events, as they do until a suffix that becomes protected is deployed."""
    secret = "SECRET-OF-A-RECORD"
    write_and_process(cloud, [record(SOURCE, "payload", note=secret)])
    key = store_failure(cloud, stack, "payload-that-failed")
    place: Any = {"Bucket": cloud.outputs["FailedEventsBucketName"], "Key": key}
    document = json.loads(cloud.clients.s3.get_object(**place)["Body"].read())
    payload = json.loads(document["payload"])
    payload["Records"][0]["dynamodb"]["NewImage"]["note"] = {"S": secret}
    cloud.clients.s3.put_object(**place, Body=json.dumps({**document, "payload": json.dumps(payload)}).encode())
    started = target.clients.workflow.start_execution(
        stateMachineArn=target.state_machine, input=json.dumps({"dataType": secret})
    )["executionArn"].rsplit(":", 1)[-1]
    paths = [
        "/",
        "/pipeline",
        *(f"/panels/{panel}" for panel in PANELS),
        f"/panels/logs?text={secret}",
        f"/executions/{started}",
        f"/trace?source={SOURCE.name}&id=payload",
        f"/trace?source={SOURCE.name}&id=payload-that-failed",
        f"/summaries/{datetime.now(UTC).date()}",
    ]
    showing = {}
    for protected in (False, True):
        config = replace(target.config, protected_by_settings=protected)
        with running_console(replace(target, config=config)) as console:
            answers = {path: ask(console, "GET", path) for path in paths}
            assert {answer.status for answer in answers.values()} == {200}
            showing[protected] = {path for path, answer in answers.items() if secret in answer.text.replace(path, "")}
    assert showing[False] >= {"/panels/logs", f"/executions/{started}"}
    assert showing[True] <= {f"/panels/logs?text={secret}"}, "what is searched for stays in its field"
    cloud.clients.s3.delete_object(**place)


def test_the_cause_of_a_failure_of_a_protected_stack_is_not_shown(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = ListedExecution("failed", "FAILED", datetime.now(UTC), datetime.now(UTC))
    path = ExecutionPath(execution, "{}", "", "AnalyticsTableError", '{"errorMessage": "SECRET_DATA"}', (), ())
    monkeypatch.setattr(pages, "execution_path", lambda *_: path)
    for protected in (False, True):
        config = replace(target.config, protected_by_settings=protected)
        with running_console(replace(target, config=config)) as console:
            shown = ask(console, "GET", "/executions/failed").text
            assert "AnalyticsTableError" in shown and ("SECRET_DATA" in shown) is not protected


@pytest.mark.parametrize(
    "message",
    [
        '{"level": "INFO", "message": {"Records": ["SECRET"]}}',
        '{"level": "INFO", "message": ["SECRET"]}',
        '{"level": "ERROR", "message": "failed", "exception": "ValueError: SECRET", "details": {"input": "SECRET"}}',
        '{"level": "INFO", "message": "input validated", "warning": "SECRET is ignored"}',
        '{"errorMessage": "SECRET", "errorType": "ValueError"}',
        "[ERROR] ValueError: SECRET\nTraceback (most recent call last)",
    ],
)
def test_a_line_that_holds_a_payload_is_shown_without_it(message: str) -> None:
    entry = log_entry("Worker", "1", {"timestamp": 0, "message": message})
    assert entry and "SECRET" in entry.line
    assert "SECRET" not in without_payload(entry).line


def test_what_the_functions_say_of_a_batch_is_shown_of_a_protected_stack_too() -> None:
    message = json.dumps({"level": "WARNING", "message": "records failed", "failures": [{"sequence_number": "100"}]})
    entry = log_entry("Worker", "1", {"timestamp": 0, "message": message})
    assert entry and without_payload(entry) == entry


def test_a_session_is_kept_where_its_user_alone_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "console.json"
    session = Session(1234)
    session.save(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert Session.load(file) == session
    replace(session, begun=0).save(file)
    renewed = Session.load(file)
    assert renewed.port == 1234 and renewed.secret != session.secret
    file.write_text("[]")
    assert Session.load(file).port == 0


def test_secrets_are_not_printed() -> None:
    session = Session(1)
    assert session.secret not in repr(session)
    assert session.secret not in Access(session).address


def _statuses(running: RunningConsole, headers: dict[str, Any]) -> set[int]:
    return {ask(running, method, path, headers).status for method, path in all_routes(running)}
