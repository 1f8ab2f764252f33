"""Tables that come back as they were, on an emulated AWS of its own; time travel is the double's."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.model import OperationModel

from build import aws
from build.aws import Clients
from build.cloudformation.stacks import deployed_template, existing_stack, stack_resources
from build.command_line import main
from build.commands import deploy, restore
from build.deploy import desired
from build.local.cloud import connected
from build.local.emulator import Emulator, running_emulator
from build.local.point_in_time import PointInTimeRecovery, point_in_time_recovery
from build.options import utc_time
from build.recovery.journal import JournalFile, Step
from build.recovery.restoration import begin
from tests.build.commands.conftest import Run
from tests.build.support import tiny_template
from tests.privileges.calls import watched_calls

pytestmark = pytest.mark.slow

STACK = "TapStackback"
TABLE = "back-things-synth"
KEYS: Any = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
TEMPLATE = tiny_template(
    {
        "ThingsTable": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "TableName": TABLE,
                **KEYS,
                "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
                "DeletionProtectionEnabled": True,
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
                "Tags": [{"Key": "kept", "Value": "with care"}],
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "of-${ThingsTable}"}}},
    },
    {"TableName": {"Value": {"Ref": "ThingsTable"}}},
    StreamProcessing="Enabled",
)
OLD: Any = {"id": {"S": "old"}}
NEW: Any = {"id": {"S": "new"}}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def cloud(emulator: Emulator) -> Clients:
    return connected(emulator)


@pytest.fixture(autouse=True)
def environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, nothing_packaged: None) -> None:
    """Commands talk to the emulator, package nothing and do not wait long."""
    monkeypatch.setattr(desired, "render", lambda config: TEMPLATE)
    monkeypatch.setattr(aws, "_LONGEST_PAUSE", 0.05)
    for name, value in {**emulator.variables, "ENVIRONMENT_SUFFIX": "back"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def recovery(cloud: Clients) -> Iterator[PointInTimeRecovery]:
    with point_in_time_recovery(cloud.dynamodb) as double:
        yield double


@dataclass(frozen=True)
class Deployed:
    """A stack whose table stored one item at a moment and stores two now."""

    cloud: Clients
    moment: datetime
    recovery: PointInTimeRecovery

    def delete_table(self) -> None:
        """Delete the table behind the stack's back."""
        self.cloud.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
        self.recovery.delete_table({"TableName": TABLE})
        self.cloud.dynamodb.delete_table(TableName=TABLE)

    def forget_table(self) -> None:
        """Delete whatever has the table's name."""
        if TABLE in self.tables:
            self.cloud.dynamodb.delete_table(TableName=TABLE)

    @property
    def words(self) -> tuple[str, ...]:
        return ("restore", "--table", "ThingsTable", "--to", self.moment.isoformat())

    @property
    def items(self) -> list[Any]:
        return sorted(self.cloud.dynamodb.scan(TableName=TABLE)["Items"], key=str)

    @property
    def tables(self) -> list[str]:
        return self.cloud.dynamodb.list_tables()["TableNames"]

    @property
    def change_sets(self) -> list[str]:
        """The change sets of the stack, which the emulator keeps when they were executed."""
        found = self.cloud.cloudformation.list_change_sets(StackName=STACK)["Summaries"]
        return [change_set["ChangeSetName"] for change_set in found]

    @property
    def state(self) -> tuple[Any, ...]:
        """Template, parameters and tags of the stack, and its resources."""
        stack = existing_stack(self.cloud.cloudformation, STACK)
        resources = stack_resources(self.cloud.cloudformation, stack.stack_id)
        return (
            deployed_template(self.cloud.cloudformation, stack.stack_id),
            stack.parameters,
            stack.tags,
            stack.outputs,
            [(each.logical_id, each.physical_id) for each in resources],
        )


@pytest.fixture
def deployed(run: Run, cloud: Clients, recovery: PointInTimeRecovery) -> Iterator[Deployed]:
    assert run("deploy")[0] == 0
    cloud.dynamodb.update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    cloud.dynamodb.put_item(TableName=TABLE, Item=OLD)
    moment = recovery.mark(TABLE)
    cloud.dynamodb.put_item(TableName=TABLE, Item=NEW)
    yield Deployed(cloud, moment, recovery)
    run("restore", "--abort")
    if TABLE in cloud.dynamodb.list_tables()["TableNames"]:
        cloud.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=False)
    assert run("destroy", "--yes")[0] == 0
    recovery.deleted.clear()
    recovery.moments.clear()


def test_nothing_is_changed_before_somebody_agrees(run: Run, deployed: Deployed) -> None:
    before = deployed.state
    code, out, err = run(*deployed.words)
    assert (code, err) == (2, "restore: nobody can be asked here; add --yes when it is meant.\n")
    told = "the restored one has 1 less, so at least so many differ, as a change that keeps the key shows in no count"
    assert f"{TABLE}: 2 items; {told}" in out
    assert "come back from the streams, which keep their records for 24 hours" in out
    assert deployed.state == before
    assert deployed.items == [NEW, OLD]


def test_a_restored_table_is_in_its_stack_under_its_own_name(run: Run, deployed: Deployed) -> None:
    before = deployed.state
    stream = deployed.cloud.dynamodb.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    code, out, err = run(*deployed.words, "--yes", "--json")
    assert (code, err) == (0, "")
    assert deployed.items == [OLD]
    assert deployed.state == before
    assert deployed.tables == [TABLE]
    table = deployed.cloud.dynamodb.describe_table(TableName=TABLE)["Table"]
    assert table["LatestStreamArn"] != stream
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    tags = deployed.cloud.dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    assert {"Key": "kept", "Value": "with care"} in tags
    assert table["DeletionProtectionEnabled"]
    result = json.loads(out.splitlines()[-1])
    assert result["done"] == [step.value for step in Step]
    assert f"done: restored ThingsTable to {deployed.moment.isoformat()}" in out
    assert run("plan") == (0, f"{STACK}: no changes\n", "")


@pytest.mark.parametrize("step", [Step.DELETED, Step.RENAMED], ids=lambda step: step.name)
def test_a_table_that_somebody_else_made_under_the_name_is_left_alone(
    run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    before = deployed.state
    interrupt_at(monkeypatch, step)
    assert run(*deployed.words, "--yes")[0] == 130
    deployed.forget_table()
    deployed.cloud.dynamodb.create_table(TableName=TABLE, **KEYS)
    deployed.cloud.dynamodb.put_item(TableName=TABLE, Item=OLD)
    for words in (("restore", "--yes"), ("restore", "--abort"), ("restore", "--abort")):
        code, _, err = run(*words)
        assert (code, len(err.splitlines())) == (1, 1)
        assert err.startswith(f"restore: somebody else made a table {TABLE} at 20")
        assert deployed.items == [OLD]
    deployed.cloud.dynamodb.delete_table(TableName=TABLE)
    assert run("restore", "--abort")[0] == 0
    assert (deployed.items, deployed.state) == ([NEW, OLD], before)


def test_what_was_written_to_the_restored_table_meanwhile_is_noticed(
    run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(monkeypatch, Step.RENAMED)
    assert run(*deployed.words, "--yes")[0] == 130
    deployed.cloud.dynamodb.put_item(TableName=TABLE, Item=NEW)
    code, _, err = run("restore", "--yes")
    assert code == 1
    assert f"{TABLE} has 2 items, and back-things-" in err


@pytest.mark.parametrize("step", Step, ids=lambda step: step.name)
def test_no_deployment_comes_in_between(
    run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    interrupt_at(monkeypatch, step)
    assert run(*deployed.words, "--yes")[0] == 130
    tables, state = deployed.tables, deployed.state
    for words in (("deploy", "--tag", "team=data"), ("plan", "--tag", "team=data")):
        code, out, err = run(*words)
        assert (code, len(err.splitlines())) == (1, 1)
        assert f"{STACK} is left alone while the restoration of ThingsTable to {deployed.moment.isoformat()} is" in err
        assert "finish that with `python -m build restore --suffix back`, or undo it with `python -m build" in err
    assert (deployed.tables, deployed.state) == (tables, state)
    over = ("--yes",) if step in {Step.DEPLOYED, Step.CLEANED_UP} else ("--abort",)
    assert run("restore", *over)[0] == 0
    assert run("plan") == (0, f"{STACK}: no changes\n", "")
    assert run("deploy", "--tag", f"step={step.name}")[0] == 0


def test_a_restoration_that_began_while_a_deployment_asked_prevents_it(
    run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploy, "approval", lambda *_: lambda: interrupted(run, deployed))
    before, change_sets = deployed.state, deployed.change_sets
    code, _, err = run("deploy", "--tag", "team=data")
    assert (code, f"{STACK} is left alone while the restoration of ThingsTable to" in err) == (1, True)
    assert (deployed.state, deployed.change_sets) == (before, change_sets)


def test_of_two_who_go_on_one_stops(run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(run, deployed)
    monkeypatch.setattr(restore, "require_consent", lambda *_: undone(run))
    code, _, err = run("restore")
    assert (code, len(err.splitlines())) == (1, 1)
    assert err.startswith("restore: somebody else goes on with the restoration of ThingsTable to ")
    assert (deployed.items, deployed.tables) == ([NEW, OLD], [TABLE])


def test_of_two_who_begin_one_stops(run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    due = [deployed]

    def overtaken(*arguments: Any) -> Any:
        if due:
            interrupted(run, due.pop())
        return begin(*arguments)

    monkeypatch.setattr("build.commands.restore.begin", overtaken)
    code, _, err = run(*deployed.words, "--yes")
    assert (code, err.startswith("restore: somebody else goes on with the restoration of ThingsTable to ")) == (1, True)


def undone(run: Run) -> None:
    """Undo a restoration while somebody else goes on with it."""
    assert run("restore", "--abort")[0] == 0


def test_a_restoration_ends_with_its_stack(run: Run, deployed: Deployed) -> None:
    interrupted(run, deployed)
    assert run("destroy", "--yes")[0] == 0
    (beside,) = deployed.tables
    deployed.cloud.dynamodb.delete_table(TableName=beside)
    assert run("deploy")[0] == 0
    nothing = f"restore: no restoration of {STACK} is under way, so nothing was undone.\n"
    assert run("restore", "--abort") == (1, "", nothing)


def interrupted(run: Run, deployed: Deployed) -> None:
    """Begin a restoration that nobody agrees to."""
    assert run(*deployed.words)[0] == 2


def test_what_a_restored_table_lacks_is_a_change_from_its_import_to_the_template(run: Run, deployed: Deployed) -> None:
    """The emulator's CloudFormation takes no notice of point-in-time recovery; AWS changes what differs."""
    proposed = []

    def note(model: OperationModel, parameters: Mapping[str, Any]) -> None:
        if model.name == "CreateChangeSet":
            proposed.append((parameters["ChangeSetType"], json.loads(parameters["TemplateBody"])["Resources"]))

    with watched_calls(note):
        assert run(*deployed.words, "--yes")[0] == 0
    *_, (imported, as_it_is), (updated, as_it_should_be) = proposed
    assert (imported, updated) == ("IMPORT", "UPDATE")
    lacking, complete = as_it_is["ThingsTable"]["Properties"], as_it_should_be["ThingsTable"]["Properties"]
    assert lacking["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}
    assert complete["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert complete.keys() - lacking.keys() == {"StreamSpecification", "Tags", "TimeToLiveSpecification"}
    assert (lacking["DeletionProtectionEnabled"], complete["DeletionProtectionEnabled"]) == (False, True)


RECOVERY = (Path(__file__).parents[3] / "docs/recovery.md").read_text()


@pytest.mark.parametrize(("gone", "command"), [(False, "`restore --table T --to TIME`"), (True, "`restore --table T`")])
def test_what_is_documented_of_the_duration_is_what_is_done(
    run: Run, deployed: Deployed, gone: bool, command: str
) -> None:
    if gone:
        deployed.delete_table()
    done: Counter[str] = Counter()
    with watched_calls(lambda model, _: done.update([model.name])):
        assert run(*(deployed.words[:3] if gone else deployed.words), "--yes")[0] == 0
    restores = done["RestoreTableToPointInTime"] + done["RestoreTableFromBackup"]
    counts, changes = done["Scan"], done["ExecuteChangeSet"]
    (row,) = [line for line in RECOVERY.splitlines() if line.startswith("|") and line.endswith(f"| {command} |")]
    assert f"| {restores} restores + {counts} counts of *n* GB + {changes} changes of the stack |" in row


def test_the_old_table_is_kept_as_a_backup(run: Run, deployed: Deployed) -> None:
    _, out, _ = run(*deployed.words, "--yes", "--json")
    old = json.loads(out.splitlines()[-1])["old_backup"]
    deployed.cloud.dynamodb.restore_table_from_backup(BackupArn=old, TargetTableName="looked-at")
    assert len(deployed.cloud.dynamodb.scan(TableName="looked-at")["Items"]) == 2
    deployed.cloud.dynamodb.delete_table(TableName="looked-at")


def test_the_new_stream_has_no_record_of_what_was_restored(run: Run, deployed: Deployed) -> None:
    assert run(*deployed.words, "--yes")[0] == 0
    stream = deployed.cloud.dynamodb.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
    described = deployed.cloud.streams.describe_stream(StreamArn=stream)["StreamDescription"]
    read = []
    for shard in described["Shards"]:
        iterator = deployed.cloud.streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        read += deployed.cloud.streams.get_records(ShardIterator=iterator)["Records"]
    assert read == []


def interrupt_at(monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """Press Ctrl-C once, when a step is done and before that is written down."""
    write, due = JournalFile.write, [step]

    def interrupted(file: JournalFile, journal: Any) -> None:
        if due and due[0] in journal.done:
            due.clear()
            raise KeyboardInterrupt
        write(file, journal)

    monkeypatch.setattr(JournalFile, "write", interrupted)


@pytest.mark.parametrize("step", Step, ids=lambda step: step.name)
def test_the_same_command_goes_on_after_an_interruption(
    run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    before = deployed.state
    interrupt_at(monkeypatch, step)
    assert run(*deployed.words, "--yes")[0] == 130
    assert run(*deployed.words, "--yes")[0] == 0
    assert (deployed.items, deployed.state, deployed.tables) == ([OLD], before, [TABLE])


GOES_BACK = [step for step in Step if step not in {Step.DEPLOYED, Step.CLEANED_UP}]


@pytest.mark.parametrize("step", GOES_BACK, ids=lambda step: step.name)
def test_a_restoration_is_undone(run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    before = deployed.state
    interrupt_at(monkeypatch, step)
    assert run(*deployed.words, "--yes")[0] == 130
    code, out, err = run("restore", "--abort")
    assert (code, err) == (0, "")
    assert (deployed.items, deployed.state, deployed.tables) == ([NEW, OLD], before, [TABLE])
    assert run("restore", "--abort")[0] == 1


def test_what_is_in_the_stack_again_is_not_undone(
    run: Run, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(monkeypatch, Step.DEPLOYED)
    assert run(*deployed.words, "--yes")[0] == 130
    code, _, err = run("restore", "--abort")
    assert code == 1
    assert "ThingsTable is restored and in its stack again; repeat the command without --abort to finish" in err
    assert run("restore", "--yes")[0] == 0


def test_a_table_that_was_deleted_comes_back_as_it_was_last(run: Run, deployed: Deployed) -> None:
    before = deployed.state
    deployed.delete_table()
    code, _, err = run(*deployed.words, "--yes")
    assert (code, "leave out --to" in err) == (2, True)
    backups = deployed.cloud.dynamodb.list_backups(TableName=TABLE, BackupType="SYSTEM")["BackupSummaries"]
    of_deletion = max(backup["BackupCreationDateTime"] for backup in backups)
    code, out, err = run("restore", "--table", "ThingsTable", "--yes")
    assert (code, err) == (0, "")
    assert f"{TABLE} is gone; this is the backup of its deletion, {of_deletion:%Y-%m-%d %H:%M:%S%z}" in out
    assert (deployed.items, deployed.state, deployed.tables) == ([NEW, OLD], before, [TABLE])


def test_a_deleted_table_without_a_backup_is_one_sentence(
    run: Run, deployed: Deployed, recovery: PointInTimeRecovery
) -> None:
    deployed.delete_table()
    recovery.deleted.clear()
    code, _, err = run("restore", "--table", "ThingsTable", "--yes")
    assert code == 1
    assert err.startswith(f"restore: {TABLE} is gone, and DynamoDB has no backup of it")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--table", "OtherTable", "--to", "2026-01-01"), 2, "has no table OtherTable; name one of ThingsTable"),
        (("--table", "ThingsTable"), 2, f"{TABLE} is there; say with --to as of when"),
        (
            ("--abort", "--table", "ThingsTable"),
            2,
            "--abort undoes whichever restoration is under way; leave out --table",
        ),
        ((), 2, "no restoration is under way to go on with; say what to restore with --table and --to"),
        (("--abort",), 1, f"no restoration of {STACK} is under way, so nothing was undone"),
    ],
)
def test_what_cannot_be_restored_is_one_sentence(
    run: Run, deployed: Deployed, words: tuple[str, ...], code: int, told: str
) -> None:
    before = deployed.state
    given, _, err = run("restore", *words)
    assert (given, told in err, len(err.splitlines())) == (code, True, 1)
    assert (deployed.state, deployed.tables) == (before, [TABLE])


def test_recovery_that_is_off_is_one_sentence(run: Run, deployed: Deployed) -> None:
    off: Any = {"PointInTimeRecoveryEnabled": False}
    deployed.cloud.dynamodb.update_continuous_backups(TableName=TABLE, PointInTimeRecoverySpecification=off)
    code, _, err = run(*deployed.words, "--yes")
    assert (code, f"point-in-time recovery of {TABLE} is off" in err) == (1, True)


def test_one_restoration_at_a_time(run: Run, deployed: Deployed) -> None:
    assert run(*deployed.words)[0] == 2
    other = (deployed.moment - timedelta(minutes=1)).isoformat()
    code, _, err = run("restore", "--table", "ThingsTable", "--to", other)
    assert (code, "finish it with `restore` alone, or undo it with --abort" in err) == (2, True)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01"])
def test_a_time_that_is_none_is_wrong_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["restore", "--table", "ThingsTable", "--to", text])
    assert f"{text!r} is no time like" in capsys.readouterr().err


def test_a_time_without_an_offset_is_utc() -> None:
    assert utc_time("2026-01-31T14:30:00").utcoffset() == timedelta(0)
