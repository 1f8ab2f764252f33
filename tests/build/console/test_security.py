"""Nobody but the page gets an answer, whatever is asked for; what may only read, reads."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build.cloudformation.stacks import DeployedStack
from build.console.access import CSRF_HEADER, Access, Session
from build.console.reads import refuse_writes
from build.console.target import AllowedActions, Target, open_target
from build.local.cloud import LocalCloud, emulator_clients
from tests.build.console.requests import all_routes, ask, own_headers
from tests.build.console.seeding import store_failure
from tests.build.console.serving import RunningConsole, running_console

FORBIDDEN = 403


@pytest.fixture(scope="module")
def read_only(cloud: LocalCloud) -> Iterator[tuple[RunningConsole, list[str]]]:
    """A console that may only read, and the operations that it calls."""
    called: list[str] = []
    variables = cloud.emulator.variables
    clients = emulator_clients(
        cloud.emulator.endpoint, variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
    )
    refuse_writes(clients.session, ())
    clients.session.events.register_first("before-call", lambda model, **_: called.append(model.name))
    with running_console(open_target(clients, clients, cloud.config, AllowedActions(), "an account", 60)) as running:
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
    for method, path in all_routes(running):
        ask(running, method, path, form={"date": "2026-01-31", "rate": "1"})
    ask(running, "GET", "/trace?source=UserData&id=read-only")
    for panel in ("dashboard", "executions", "failed-events", "summaries", "logs", "trace"):
        assert ask(running, "GET", f"/panels/{panel}").status == 200
    assert {"DescribeAlarms", "GetMetricData", "ListExecutions", "FilterLogEvents", "GetRecords"} <= set(called)
    assert [name for name in called if not is_read(name)] == []


@pytest.mark.parametrize(("path", "option"), [("/executions", "--allow-execute"), ("/redrive", "--allow-redrive")])
def test_what_is_not_allowed_is_refused_with_the_option(
    path: str, option: str, read_only: tuple[RunningConsole, list[str]]
) -> None:
    answer = ask(read_only[0], "POST", path, form={"date": "2026-01-31"})
    assert answer.status == FORBIDDEN and option in answer.text


def test_records_are_generated_in_the_local_cloud_alone(read_only: tuple[RunningConsole, list[str]]) -> None:
    assert ask(read_only[0], "POST", "/generator", form={"rate": "1"}).status == FORBIDDEN
    assert "Records a second" not in ask(read_only[0], "GET", "/").text


def test_a_protected_stack_is_redriven_only_when_its_name_is_typed(target: Target) -> None:
    config = replace(target.config, protected_by_settings=True)
    with running_console(replace(target, config=config)) as console:
        refused = ask(console, "POST", "/redrive", form={"stack": "TapStack"})
        assert refused.status == 400 and f"type {target.stack.name} if it is meant" in refused.text
        assert not console.console.redrive.state.running and not console.console.redrive.state.outcome


def test_the_input_of_an_execution_of_a_protected_stack_is_not_shown(target: Target) -> None:
    started = target.clients.workflow.start_execution(
        stateMachineArn=target.state_machine, input='{"dataType": "SECRET_DATA"}'
    )["executionArn"].rsplit(":", 1)[-1]
    for protected in (False, True):
        config = replace(target.config, protected_by_settings=protected)
        with running_console(replace(target, config=config)) as console:
            shown = ask(console, "GET", f"/executions/{started}").text
            assert ("SECRET_DATA" in shown) is not protected


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
