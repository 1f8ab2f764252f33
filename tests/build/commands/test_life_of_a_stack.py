"""The commands on the emulated AWS, with the real template and small archives, in the order of a stack's life."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from build import aws
from build.aws import Clients
from build.cloudformation.stacks import existing_stack
from build.commands import prune
from build.deploy import desired
from build.deploy.artifacts import artifact_bucket, record_key
from build.local.emulator import Emulator
from stack import settings
from stack.config import StackConfig
from tests.build.commands.conftest import Run
from tests.build.support import tiny_template

STACK = "TapStacklife"
WHERE = f"{STACK} in account 000000000000, region us-west-2 (from AWS_REGION), as arn:aws:iam::000000000000:root"


@pytest.fixture(autouse=True)
def environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, nothing_packaged: None) -> None:
    """Commands talk to the emulator and package nothing."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("ENVIRONMENT_SUFFIX", "life")


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_plan_of_a_new_stack(run: Run) -> None:
    code, out, err = run("plan")
    assert (code, err) == (2, "")
    assert "+ UserDataTable (AWS::DynamoDB::Table)" in out
    assert out.splitlines()[-1].endswith("to add")


@pytest.mark.parametrize("command", ["outputs", "status", "logs", "drift"])
def test_an_unknown_stack_is_one_sentence(run: Run, command: str) -> None:
    code, out, err = run(command, "--suffix", "unknown")
    assert (code, out) == (1, "")
    assert err.startswith(f"{command}: there is no stack TapStackunknown in us-west-2; deploy it, or name another")
    assert len(err.splitlines()) == 1


def test_deploying(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    code, out, err = run("deploy", "--outputs", str(file), "--parameter", "StreamProcessing=Disabled")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{WHERE}: package and upload the code, create or update the stack"
    assert f"{STACK} is CREATE_COMPLETE" in out
    assert out.replace("\n", "").isprintable()
    outputs = json.loads(file.read_text())
    assert outputs["UserDataTableName"] == "life-userdata-synth"
    assert f"UserDataTableName                 {outputs['UserDataTableName']}" in out
    assert "StreamProcessing=Disabled: no stream is processed and no alarm says so" in out.splitlines()[-1]


def composite_alarms(cloud: Clients) -> dict[str, str]:
    """The state of every composite alarm, by name."""
    found = cloud.cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}


def test_composite_alarms_are_deployed(cloud: Clients) -> None:
    names = {f"life-{severity}-synth" for severity in ("data-at-risk", "broken", "late")}
    assert composite_alarms(cloud).keys() == names
    child = "life-datavalidator-errors-synth"
    for state in ("ALARM", "OK"):
        cloud.cloudwatch.set_alarm_state(AlarmName=child, StateValue=state, StateReason="a test")
        assert composite_alarms(cloud)["life-broken-synth"] == state


def test_deploying_again_changes_nothing_and_still_writes_outputs(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    code, out, _ = run("deploy", "--outputs", str(file))
    assert code == 0
    assert out.splitlines()[1] == f"no changes, {STACK} is as it should be"
    assert json.loads(file.read_text())


def test_a_plan_without_changes(run: Run) -> None:
    assert run("plan") == (0, f"{STACK}: no changes\n", "")


def test_a_plan_says_what_would_be_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = {"Queue": {"Type": "AWS::SQS::Queue"}}
    monkeypatch.setattr(desired, "render", lambda config: tiny_template(queue))
    code, out, _ = run("plan")
    assert code == 2
    assert "- UserDataTable (AWS::DynamoDB::Table) DELETE" in out
    assert "`deploy` refuses to delete the table UserDataTable without --allow-replace UserDataTable" in out


def test_a_plan_of_a_protected_stack_protects_it(run: Run) -> None:
    assert "~ TapStackprod.EnableTerminationProtection false → true" in run("plan", "--suffix", "prod")[1]


def test_a_plan_as_json(run: Run) -> None:
    code, out, _ = run("plan", "--json", "--alert-email", "ops@example.com")
    *told, result = documents(out)
    assert code == 2
    assert {"step", "change"} == {document["type"] for document in told}
    assert (result["type"], result["stack"], result["unchanged"]) == ("result", STACK, False)
    assert "AlertEmailSubscription" in [change["logical_id"] for change in result["changes"]]


def test_deploying_as_json(run: Run) -> None:
    code, out, _ = run("deploy", "--json", "--tag", "team=data")
    *told, result = documents(out)
    assert code == 0
    assert {"step", "change", "event"} == {document["type"] for document in told}
    assert (result["type"], result["status"]) == ("result", "UPDATE_COMPLETE")
    assert result["outputs"]["UserDataTableName"] == "life-userdata-synth"
    assert result["pause"].startswith("StreamProcessing=Disabled")


def test_listing(run: Run) -> None:
    code, out, _ = run("list")
    assert code == 0
    (row,) = [line.split() for line in out.splitlines() if line.startswith("  life ")]
    assert (row[1], row[-2]) == ("UPDATE_COMPLETE", "-")
    (stack,) = [stack for stack in documents(run("list", "--json")[1])[-1]["stacks"] if stack["suffix"] == "life"]
    assert (stack["version"], stack["expires"]) == (row[-1], None)
    assert datetime.fromisoformat(stack["created"]) < datetime.now(UTC)


@pytest.mark.parametrize("command", ["plan", "deploy", "destroy"])
def test_another_account_than_the_one_in_the_settings_is_refused_before_anything_else(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    def no_package(*arguments: object) -> None:
        raise AssertionError("packaged for the wrong account")

    monkeypatch.setattr(desired, "package", no_package)
    monkeypatch.setattr(settings, "SETTINGS_FILE", tmp_path / "setup.cfg")
    settings.SETTINGS_FILE.write_text("[suffix.life]\naccount = 123456789012\n")
    assert run(command) == (
        1,
        "",
        f"{command}: {STACK} belongs in the account 123456789012 (setup.cfg [suffix.life]), and these credentials "
        "are of 000000000000; choose others with --profile, or correct the setting.\n",
    )


def test_outputs(run: Run) -> None:
    code, out, _ = run("outputs")
    assert (code, out.splitlines()[0]) == (0, f"Outputs of {STACK}")
    (result,) = documents(run("outputs", "--json")[1])
    assert result["outputs"]["OrderDataTableName"] == "life-orderdata-synth"


def test_status(run: Run, cloud: Clients) -> None:
    for function in StackConfig("life").functions:
        cloud.functions.get_waiter("function_updated_v2").wait(
            FunctionName=StackConfig("life").name(function.name_part), WaiterConfig={"Delay": 0, "MaxAttempts": 500}
        )
    code, out, _ = run("status")
    assert code == 0, out
    for part in ("UPDATE_COMPLETE", "UserDataProcessor", "UserDataEventSourceMapping", "alarms"):
        assert part in out
    assert len(out.splitlines()) < 25
    (result,) = documents(run("status", "--json")[1])
    assert result["stack"]["tags"] == {"project": "TapStack", "suffix": "life", "team": "data"}
    assert result["well"] is True
    assert result["stack"]["changed"] == datetime.fromisoformat(result["stack"]["changed"]).isoformat()


def test_a_ringing_alarm_is_not_well(run: Run, cloud: Clients) -> None:
    alarm = "life-userdataproc-errors-synth"
    cloud.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    try:
        code, out, _ = run("status", "--json")
        assert (code, documents(out)[0]["well"]) == (2, False)
        code, out, _ = run("status")
        assert code == 2
        assert "is ALARM" in out
    finally:
        cloud.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="the end")


def write_log(cloud: Clients, message: str) -> None:
    group, stream = "/aws/lambda/life-userdataproc-synth", "stream"
    if not cloud.logs.describe_log_streams(logGroupName=group)["logStreams"]:
        cloud.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    cloud.logs.put_log_events(
        logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": now, "message": message}]
    )


def test_logs(run: Run, cloud: Clients) -> None:
    write_log(cloud, json.dumps({"level": "INFO", "message": "batch processed", "records": 3}))
    code, out, _ = run("logs", "--function", "UserDataProcessor")
    assert (code, out.split(" ", 1)[1]) == (0, "INFO    UserDataProcessor batch processed records=3\n")
    assert run("logs", "--function", "DataValidator")[1] == ""
    (entry,) = documents(run("logs", "--json")[1])
    assert (entry["type"], entry["source"], entry["fields"]) == ("log", "UserDataProcessor", {"records": 3})


def test_following_logs_until_ctrl_c(run: Run, cloud: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_or_stop(seconds: float, times: Iterator[int] = iter([1])) -> None:
        if next(times, None) is None:
            raise KeyboardInterrupt
        write_log(cloud, "later")

    monkeypatch.setattr(aws, "sleep", write_or_stop)
    code, out, err = run("logs", "--follow", "--since", "1h")
    assert (code, err) == (0, "")
    assert [line.split()[-1] for line in out.splitlines()] == ["records=3", "later"]


def test_drift(run: Run, cloud: Clients) -> None:
    assert run("drift") == (0, f"{STACK} is as its template says\n", "")
    stack = existing_stack(cloud.cloudformation, STACK)
    url = stack.outputs["DailyAnalyticsDeadLetterQueueUrl"]
    sqs = cloud.session.client("sqs", endpoint_url=cloud.endpoint_url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
    code, out, _ = run("drift")
    assert code == 2
    assert "DailyAnalyticsDeadLetterQueue  MessageRetentionPeriod  1209600   60" in out


def test_pruning_removes_what_is_old_and_unneeded(run: Run, cloud: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = artifact_bucket(cloud)
    bucket.write("Layer/unneeded.zip", b"old", "application/zip")
    monkeypatch.setattr(prune, "KEPT_AFTER_UPLOAD", timedelta(days=-1))
    code, out, _ = run("prune")
    assert code == 2
    assert f"{bucket.name} in account 000000000000, region us-west-2" in out
    code, out, _ = run("prune", "--yes", "--json")
    assert code == 0
    removed = documents(out)[-1]["removed"]
    assert "Layer/unneeded.zip" in removed
    assert record_key(STACK) not in removed
    stack = existing_stack(cloud.cloudformation, STACK)
    assert not set(removed) & set(stack.parameters.values())
    assert run("prune", "--yes")[1].startswith("removed 0 artifacts, 0 bytes")


def test_an_output_file_that_cannot_be_written_is_found_out_before(run: Run, tmp_path: Path) -> None:
    code, _, err = run("deploy", "--outputs", str(tmp_path / "missing" / "outputs.json"))
    assert (code, "is in a folder that does not exist" in err) == (2, True)
    code, _, err = run("deploy", "--outputs", str(tmp_path))
    assert (code, "the stack is deployed, but" in err) == (1, True)


def test_skipping_goes_with_continuing(run: Run) -> None:
    code, _, err = run("deploy", "--skip", "Worker")
    assert (code, err) == (2, "deploy: --skip goes with --continue-rollback; add that.\n")


def test_there_is_nothing_to_cancel(run: Run) -> None:
    code, _, err = run("deploy", "--cancel")
    assert (code, "only an update under way can be cancelled" in err) == (1, True)


def test_destroying_says_what_is_lost_and_asks(run: Run) -> None:
    code, out, err = run("destroy")
    assert (code, err) == (2, "destroy: nobody can be asked here; add --yes when it is meant.\n")
    assert out.splitlines()[0] == f"{WHERE}: delete the stack and what it stores"
    assert out.splitlines()[1] == f"destroying {STACK} deletes all its resources for good"
    assert "lost: table life-userdata-synth, about 0 items" in out


def test_destroying(run: Run, cloud: Clients) -> None:
    bucket = existing_stack(cloud.cloudformation, STACK).outputs["FailedEventsBucketName"]
    cloud.s3.put_object(Bucket=bucket, Key="failure", Body=b"{}")
    code, out, err = run("destroy", "--yes")
    assert (code, err) == (0, "")
    assert f"emptied the bucket {bucket}, 1 versions" in out
    assert f"{STACK} is DELETE_COMPLETE" in out
    assert composite_alarms(cloud) == {}


def test_destroying_what_is_not_there_is_done(run: Run) -> None:
    assert run("destroy", "--yes") == (0, f"there is no {STACK} in us-west-2\n", "")


def test_a_protected_stack_is_not_destroyed(run: Run) -> None:
    code, _, err = run("destroy", "--suffix", "prod", "--yes")
    assert (code, "--lift-protection TapStackprod" in err) == (1, True)
