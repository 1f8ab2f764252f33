"""Every command on an emulated AWS that enforces IAM, run by somebody who has the command's policy and nothing else.

The emulator evaluates what reaches it, and not what a service does in somebody's name; so each recorded call is decided
on by the documented rules, too. The tests run in the order of a stack's life.
"""

import ast
import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.session import Session as BotocoreSession

from build import aws
from build.aws import Clients, until
from build.cloudformation.stacks import existing_stack
from build.command_line import COMMANDS as COMMAND_LINE
from build.command_line import main
from build.commands import prune
from build.console.access import Access, Session
from build.console.command import assembled, deployed_target
from build.console.pages import PANELS, Pages
from build.console.reads import READS, REDRIVING, STARTING_EXECUTIONS, ReadBudget
from build.console.target import AllowedActions, Target
from build.deploy.artifacts import artifact_bucket
from build.local.cloud import connected
from build.local.emulator import Emulator, running_emulator
from build.local.point_in_time import point_in_time_recovery
from build.options import stack_context
from build.redrive.failed_events import DeployedSource
from stack.config import StackConfig
from stack.permissions.commands import COMMANDS
from stack.permissions.grants import Document, Scope, document
from tests.build.console.requests import ask
from tests.build.console.serving import running_console
from tests.build.redrive.failure_records import body, key, record
from tests.privileges.command_calls import ACCOUNT, CALLER, REGION, SUFFIX, actions_of, arn, recorded_requests
from tests.privileges.policy_evaluation import Decision, Request, decide
from tests.privileges.test_enforced import ENFORCING, lacking

pytestmark = pytest.mark.slow

CONFIG = StackConfig(SUFFIX)
SCOPE = Scope(SUFFIX, REGION, ACCOUNT)
ROLE = SCOPE.role_arn(SCOPE.role_name("cloudformation"))
WITHOUT_PERMISSIONS = {"diagram", "local", "package", "settings", "size"}
"""Commands that ask nothing of an account."""
BUILD = Path(__file__).parents[2] / "build"
OF_NO_ACCOUNT = ("local", "monitoring", "poller", "diagram")
"""Folders of build/ that call the emulator alone, or nothing."""
SERVICES = ("cloudformation", "cloudwatch", "dynamodb", "dynamodbstreams", "iam", "lambda", "logs", "s3", "sqs")
WORKFLOW = "stepfunctions"
BACKUPS = ["dynamodb:DescribeBackup", "dynamodb:DeleteBackup", "dynamodb:RestoreTableFromBackup"]
READING_STREAMS = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
OF_NAMED_MONITORING = ["cloudwatch:DescribeAlarmHistory", "cloudwatch:GetDashboard"]
ONLY_FOR_THE_EMULATOR = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "lambda:ListEventSourceMappings", "Resource": "*"},
        {"Effect": "Allow", "Action": [*READING_STREAMS, *BACKUPS], "Resource": "*"},
        {"Effect": "Allow", "Action": OF_NAMED_MONITORING, "Resource": "*"},
    ],
}
"""The emulator takes GetEventSourceMapping for this action, and streams, backups, alarms and dashboards for no
resources of their own; no policy has that. The recorded call is decided on."""
Run = Callable[..., tuple[int, str, str]]


def policy(command: str) -> Document:
    """What somebody is allowed who runs a command."""
    return document(COMMANDS[command], SCOPE)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulated AWS where IAM counts."""
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log", ENFORCING) as running:
        yield running


@pytest.fixture(scope="module")
def root(emulator: Emulator) -> Clients:
    """Clients of the account's root user, who may do everything."""
    return connected(emulator)


@pytest.fixture(autouse=True)
def environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands talk to the emulator, and do not wait long."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", SUFFIX)
    monkeypatch.setattr(aws, "_LONGEST_PAUSE", 0.05)


@pytest.fixture(autouse=True)
def tls() -> Iterator[None]:
    """Every request says that it came over TLS, as one does that a proxy in front of the emulator has received."""

    def forwarded(**call: Any) -> None:
        call["params"]["headers"]["X-Forwarded-Proto"] = "https"

    def watch(session: BotocoreSession) -> None:
        session.register("before-call", forwarded)

    botocore.register_initializer(watch)
    yield
    botocore.unregister_initializer(watch)


@pytest.fixture
def log_in(root: Clients, monkeypatch: pytest.MonkeyPatch) -> Callable[[Document], None]:
    """Become somebody who has one policy and nothing else."""

    def log_in(allowed: Document) -> None:
        name = f"user-{sum(len(page['Users']) for page in root.iam.get_paginator('list_users').paginate())}"
        root.iam.create_user(UserName=name)
        policies = {"Command": allowed, "Emulator": ONLY_FOR_THE_EMULATOR}
        for policy_name, content in policies.items():
            root.iam.put_user_policy(UserName=name, PolicyName=policy_name, PolicyDocument=json.dumps(content))
        access_key = root.iam.create_access_key(UserName=name)["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", access_key["SecretAccessKey"])

    return log_in


@pytest.fixture
def run(log_in: Callable[[Document], None], capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command as somebody who has its policy, which has to allow every call; exit code, stdout, stderr."""

    def run(command: str, *words: str) -> tuple[int, str, str]:
        log_in(policy(command))
        with recorded_requests() as requests:
            code = main([command, *words])
        captured = capsys.readouterr()
        assert not_allowed(requests, policy(command)) == []
        assert requests, "a command that calls nothing proves nothing"
        return code, captured.out, captured.err

    return run


def granted(command: str) -> set[str]:
    """The actions that the policy of a command allows on anything."""
    return {str(action.JSONrepr()) for actions in COMMANDS[command].values() for action in actions}


def not_allowed(requests: list[Request], allowed: Document) -> list[str]:
    """The requests that a policy does not allow, each once."""
    refused = (request for request in requests if decide(request, ACCOUNT, (), [allowed]) is not Decision.ALLOWED)
    return sorted({f"{request.action} on {request.resource}" for request in refused})


def test_a_plan_of_a_new_stack_in_a_new_account(run: Run) -> None:
    code, out, err = run("plan", "--role-arn", ROLE, "--tag", "team=data")
    assert (code, err) == (2, "")
    assert out.splitlines()[-1].endswith("to add")


def test_deploying_in_a_new_account(run: Run) -> None:
    code, out, err = run("deploy", "--role-arn", ROLE, "--tag", "team=data", "--parameter", "StreamProcessing=Disabled")
    assert (code, err) == (0, "")
    assert f"{CONFIG.stack_name} is CREATE_COMPLETE" in out


def test_a_plan_and_an_update(run: Run) -> None:
    changed = ("--alert-email", "ops@example.com", "--tag", "cost=low")
    assert run("plan", *changed)[0] == 2
    code, out, err = run("deploy", *changed)
    assert (code, err) == (0, "")
    assert f"{CONFIG.stack_name} is UPDATE_COMPLETE" in out


def test_code_behind_the_stacks_back_is_put_right(run: Run, root: Clients) -> None:
    functions = {function.logical_id: CONFIG.name(function.name_part) for function in CONFIG.functions}
    stack = existing_stack(root.cloudformation, CONFIG.stack_name)
    other = root.s3.get_object(Bucket=artifact_bucket(root).name, Key=stack.parameters["DataValidatorKey"])["Body"]
    root.functions.update_function_code(FunctionName=functions["AnalyticsProcessor"], ZipFile=other.read())
    code, out, err = run("deploy")
    assert (code, err) == (0, "")
    assert "AnalyticsProcessor" in out


@pytest.mark.parametrize("command", ["list", "outputs", "status"])
def test_looking_at_a_stack(run: Run, command: str) -> None:
    code, out, err = run(command)
    assert (code, err) == (0, "")
    assert SUFFIX in out


def test_logs(run: Run) -> None:
    assert run("logs") == (0, "", "")


def test_drift(run: Run) -> None:
    assert run("drift") == (0, f"{CONFIG.stack_name} is as its template says\n", "")


def test_pruning(run: Run, root: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact_bucket(root).write("Layer/unneeded.zip", b"old", "application/zip")
    monkeypatch.setattr(prune, "KEPT_AFTER_UPLOAD", timedelta(days=-1))
    code, out, err = run("prune", "--yes")
    assert (code, err) == (0, "")
    assert "no longer needed: Layer/unneeded.zip" in out


def store_failed_event(root: Clients) -> str:
    """Store what Lambda leaves of a record that it gave up; the bucket's name."""
    users = DeployedSource(
        "UserData",
        arn("lambda", f"function:{CONFIG.name('userdataproc')}"),
        arn("dynamodb", f"table/{CONFIG.name('userdata')}"),
    )
    bucket = existing_stack(root.cloudformation, CONFIG.stack_name).outputs["FailedEventsBucketName"]
    root.s3.put_object(Bucket=bucket, Key=key(), Body=body(record(1, origin=users), origin=users))
    return bucket


def test_redriving(run: Run, root: Clients) -> None:
    bucket = store_failed_event(root)
    code, out, err = run("redrive")
    assert (code, "recorded" in err, "recomputed" in err) == (0, True, True)
    assert root.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_reconciling(run: Run) -> None:
    assert run("reconcile")[0] == 0


def test_days_and_the_summaries_that_they_lack(run: Run) -> None:
    yesterday = str((datetime.now(UTC) - timedelta(days=1)).date())
    code, out, err = run("days", "--since", yesterday)
    assert (code, err, "missing" in out) == (2, "", True)
    code, out, err = run("backfill", "--from", yesterday, "--yes")
    assert (code, err, f"summary of {yesterday}: made" in out) == (0, "", True)


def test_tracing(run: Run, root: Clients) -> None:
    item: Any = {"userId": {"S": "traced"}, "timestamp": {"N": "1"}}
    root.dynamodb.put_item(TableName=CONFIG.name("userdata"), Item=item)
    code, out, err = run("trace", "--source", "UserData", "--id", "traced")
    assert (code, err) == (2, ""), "no mapping processes the stream"
    assert "traced is in its table; 1 changes in the last 24 hours, 0 activities recorded" in out


def test_the_console(log_in: Callable[[Document], None]) -> None:
    log_in(policy("console"))
    with recorded_requests() as requests:
        console = assembled(console_target(AllowedActions()), Access(Session()))
        console.overview.read()
        pages = Pages(console)
        for panel in PANELS:
            pages.panel(panel, {})
        execution = console.overview.snapshot.executions[0]
        alarm = console.overview.snapshot.alarms[0]
        shown = pages.execution(execution.name) + pages.alarm(alarm.name) + pages.trace("UserData", "traced")
        pages.day(date(2026, 1, 31))
    assert console.overview.snapshot.problem == "" and "traced" in shown
    assert not_allowed(requests, policy("console")) == []


def console_target(actions: AllowedActions) -> Target:
    """The deployed stack as the console opens it, its pace being that of a clock that nobody waits for."""
    chosen = Namespace(suffix=SUFFIX, profile=None, region=REGION, json=True)
    with stack_context(chosen) as context, stack_context(chosen) as again:
        return deployed_target(context, again.clients, actions, ReadBudget(pause=lambda _: None))


def test_the_console_that_starts_executions(log_in: Callable[[Document], None]) -> None:
    log_in(policy("console --allow-execute"))
    with recorded_requests() as requests, running_console(console_target(AllowedActions(execute=True))) as running:
        assert ask(running, "POST", "/executions", form={"date": "2026-01-31"}).status == 200
        assert ask(running, "POST", "/redrive").status == 403
    assert {"states:StartExecution"} == {request.action for request in requests} - granted("console")
    assert not_allowed(requests, policy("console --allow-execute")) == []


def test_the_console_that_redrives(log_in: Callable[[Document], None], root: Clients) -> None:
    bucket = store_failed_event(root)
    log_in(policy("console --allow-redrive"))
    with recorded_requests() as requests, running_console(console_target(AllowedActions(redrive=True))) as running:
        assert ask(running, "POST", "/executions", form={"date": "2026-01-31"}).status == 403
        assert ask(running, "POST", "/redrive").status == 200
        until(lambda: running.console.redrive.state.outcome or None, lambda: None)
    assert running.console.redrive.state.outcome == "objects of failed events: 1 recorded"
    assert root.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    writes = {"lambda:InvokeFunction", "s3:DeleteObject", "states:StartExecution"}
    assert writes == {request.action for request in requests} - granted("console")
    assert not_allowed(requests, policy("console --allow-redrive")) == []


def test_the_policy_of_the_console_is_what_it_announces() -> None:
    announced = {action for names in READS.values() for name in names for action in actions_of(name)}
    assert announced - {"sts:GetCallerIdentity"} == granted("console"), "who asks for its own name needs no permission"
    executing = {action for name in STARTING_EXECUTIONS for action in actions_of(name)}
    assert granted("console --allow-execute") == granted("console") | executing
    redriving = {action for name in REDRIVING for action in actions_of(name)}
    assert granted("console --allow-redrive") == granted("console") | redriving


def test_restoring(run: Run, root: Clients) -> None:
    table = CONFIG.name("analytics")
    root.dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    with point_in_time_recovery(root.dynamodb) as recovery:
        moment = recovery.mark(table).isoformat()
        words = ("--table", "AnalyticsTable", "--to", moment, "--role-arn", ROLE, "--yes")
        code, out, err = run("restore", *words)
    assert (code, err) == (0, "")
    assert "AnalyticsTable imported" in out


@pytest.mark.parametrize(
    ("command", "action"),
    [
        ("plan --tag a=b", "cloudformation:CreateChangeSet"),
        ("deploy --tag a=b", "s3:GetBucketPolicy"),
        ("list", "cloudformation:DescribeStacks"),
        ("status", "cloudwatch:DescribeAlarms"),
        ("logs", "logs:FilterLogEvents"),
        ("drift", "cloudformation:DetectStackDrift"),
        ("prune", "s3:ListBucketVersions"),
        ("redrive", "s3:ListBucket"),
        ("reconcile", "dynamodb:Query"),
        ("days", "cloudwatch:GetMetricData"),
        ("backfill", "states:ListExecutions"),
        ("trace --source UserData --id traced", "dynamodb:Query"),
        ("console --suffix granted", "cloudformation:GetTemplate"),
        ("restore --table AnalyticsTable --to 2026-01-01", "dynamodb:DescribeContinuousBackups"),
        ("destroy", "dynamodb:DescribeTable"),
    ],
)
def test_a_command_is_refused_what_its_policy_lacks(
    log_in: Callable[[Document], None], capsys: pytest.CaptureFixture[str], command: str, action: str
) -> None:
    name, *options = command.split()
    log_in(lacking(dict(policy(name)), action))
    assert main([name, *options]) == 1
    assert f"permission denied: these credentials may not do {action}; have it granted" in capsys.readouterr().err


def test_another_stack_may_not_be_looked_at(log_in: Callable[[Document], None]) -> None:
    for command in ("outputs", "status", "logs", "drift"):
        log_in(policy(command))
        assert main([command, "--suffix", "other"]) == 1


def test_destroying(run: Run) -> None:
    code, out, err = run("destroy", "--yes")
    assert (code, err) == (0, "")
    assert f"{CONFIG.stack_name} is DELETE_COMPLETE" in out


def test_adopting(run: Run, root: Clients) -> None:
    source = CONFIG.sources[0]
    table = CONFIG.name(source.name.lower())
    root.dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[
            {"AttributeName": source.id_attribute, "AttributeType": "S"},
            {"AttributeName": source.time_attribute, "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": source.id_attribute, "KeyType": "HASH"},
            {"AttributeName": source.time_attribute, "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    code, out, err = run("adopt", "--role-arn", ROLE, "--yes")
    assert (code, err) == (0, "")
    assert f"{source.name}Table imported" in out
    assert run("destroy", "--yes")[0] == 0


def test_sweeping(run: Run) -> None:
    assert run("deploy", "--role-arn", ROLE, "--tag", "expires=2026-01-01T00:00:00Z")[0] == 0
    assert run("sweep")[0] == 2
    code, out, err = run("sweep", "--yes")
    assert (code, err) == (0, "")
    assert CONFIG.stack_name in out


def test_every_command_that_calls_aws_has_its_policy() -> None:
    assert COMMAND_LINE.keys() - COMMANDS.keys() == WITHOUT_PERMISSIONS


@pytest.mark.parametrize("words", [["settings"], ["package"], ["size", "--records-per-day", "1e6"]])
def test_a_command_without_a_policy_calls_nothing(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with recorded_requests() as requests:
        assert main(words) == 0
    assert requests == []


def called_operations() -> Iterator[str]:
    """The operations of AWS that the code of the commands names, run here or not."""
    models = BotocoreSession()
    known = {
        xform_name(operation): operation
        for service in (*SERVICES, WORKFLOW)
        for operation in models.get_service_model(service).operation_names
    }
    for path in BUILD.rglob("*.py"):
        if path.relative_to(BUILD).parts[0] not in OF_NO_ACCOUNT:
            yield from (known[name] for name in _names(path) if name in known)


def _names(path: Path) -> Iterator[str]:
    """The attributes, and the texts that a paginator may be asked for by."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                yield name


def test_every_operation_that_the_code_names_is_in_the_policy_of_a_command() -> None:
    called = {action for operation in set(called_operations()) for action in actions_of(operation)}
    assert "cloudformation:ContinueUpdateRollback" in called
    assert called - set().union(*map(granted, COMMANDS)) == set()


def test_a_call_that_is_not_granted_is_noticed() -> None:
    stack = arn("cloudformation", f"stack/{CONFIG.stack_name}/an-id")
    other = arn("cloudformation", "stack/TapStackother/an-id")
    requests = [
        Request(CALLER, f"cloudformation:{name}", on)
        for name in ("DescribeStacks", "DeleteStack")
        for on in (stack, other)
    ]
    assert not_allowed(requests, policy("outputs")) == [
        f"cloudformation:DeleteStack on {stack}",
        f"cloudformation:DeleteStack on {other}",
        f"cloudformation:DescribeStacks on {other}",
    ]
