"""Changes that somebody agrees to: protected stacks, and plans that are saved and executed later."""

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from build.aws import Clients
from build.cloudformation.stacks import existing_stack, find_stack
from build.cloudformation.termination_protection import set_termination_protection
from build.command_line import main
from build.deploy import desired
from build.local.emulator import Emulator
from tests.build.commands.test_deploy import LARGER, QUEUE, TABLE, unexecuted_change_sets, visibility
from tests.build.support import Recorder, tiny_package, tiny_template
from tests.build.test_options import Terminal

STACK = "TapStackagreed"


class Project:
    """What is checked out: the template and the code of the next command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = tiny_template(QUEUE)
        self.code = b"code"

    def run(self, *words: str, suffix: str = "agreed") -> int:
        return main([*words, "--suffix", suffix])


@pytest.fixture
def project(emulator: Emulator, cloud: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Project]:
    """A project whose stacks are deleted in the end."""
    checked_out = Project(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setattr(desired, "package", lambda *arguments: tiny_package(tmp_path, checked_out.code))
    monkeypatch.setattr(desired, "render", lambda config: checked_out.template)
    yield checked_out
    for name in (STACK, "TapStackprod"):
        if stack := find_stack(cloud.cloudformation, name):
            set_termination_protection(cloud.cloudformation, stack, False, Recorder())
            cloud.cloudformation.delete_stack(StackName=stack.stack_id)


def test_a_protected_stack_is_not_changed_where_nobody_can_be_asked(
    project: Project, cloud: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("deploy", suffix="prod") == 2
    out, err = capsys.readouterr()
    assert err == "deploy: nobody can be asked here; add --yes when it is meant.\n"
    assert out.splitlines()[-1] == "+ Queue (AWS::SQS::Queue)"
    assert find_stack(cloud.cloudformation, "TapStackprod") is None


def test_a_protected_stack_is_changed_with_yes_and_left_alone_without(project: Project, cloud: Clients) -> None:
    assert project.run("deploy", "--yes", suffix="prod") == 0
    assert project.run("deploy", suffix="prod") == 0
    project.template = tiny_template(LARGER)
    assert project.run("deploy", suffix="prod") == 2
    stack = existing_stack(cloud.cloudformation, "TapStackprod")
    assert (stack.status, visibility(cloud, stack)) == ("CREATE_COMPLETE", "10")
    assert not unexecuted_change_sets(cloud, stack)


@pytest.mark.parametrize(("typed", "code", "value"), [("TapStackprod\n", 0, "20"), ("yes\n", 1, "10")])
def test_a_person_is_asked_after_the_changes_are_shown(
    project: Project,
    cloud: Clients,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    code: int,
    value: str,
) -> None:
    project.run("deploy", "--yes", suffix="prod")
    project.template = tiny_template(LARGER)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert project.run("deploy", suffix="prod") == code
    out, err = capsys.readouterr()
    assert "~ Queue.VisibilityTimeout 10 → 20" in out
    assert err.startswith("Type TapStackprod to go on: ")
    assert ("nothing was changed; repeat the command when it is meant." in err) is (code == 1)
    assert visibility(cloud, existing_stack(cloud.cloudformation, "TapStackprod")) == value


def test_other_stacks_ask_nobody(project: Project) -> None:
    assert project.run("deploy") == 0


@pytest.fixture
def file(project: Project) -> Path:
    """Where a plan is saved."""
    return project.folder / "plan.json"


@pytest.fixture
def planned(project: Project, file: Path) -> Path:
    """A saved plan of a change of a deployed stack."""
    assert project.run("deploy") == 0
    project.template = tiny_template(LARGER)
    assert project.run("plan", "--save", str(file)) == 2
    return file


def refusal(project: Project, file: Path, capsys: pytest.CaptureFixture[str], *words: str, code: int = 1) -> str:
    """Why a plan is not executed."""
    capsys.readouterr()
    assert project.run("deploy", "--plan", str(file), *words) == code
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


def test_exactly_the_saved_change_set_is_executed(
    project: Project, planned: Path, cloud: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    (kept,) = unexecuted_change_sets(cloud, existing_stack(cloud.cloudformation, STACK))
    document = json.loads(planned.read_text())
    assert f"/{kept}/" in document["change_set"]
    assert stat.S_IMODE(planned.stat().st_mode) == 0o600
    capsys.readouterr()
    assert project.run("deploy", "--plan", str(planned)) == 0
    assert "~ Queue.VisibilityTimeout 10 → 20" in capsys.readouterr().out
    stack = existing_stack(cloud.cloudformation, STACK)
    assert (stack.status, visibility(cloud, stack)) == ("UPDATE_COMPLETE", "20")
    assert cloud.cloudformation.describe_change_set(ChangeSetName=document["change_set"])["ExecutionStatus"] == (
        "EXECUTE_COMPLETE"
    )
    summaries = cloud.cloudformation.list_change_sets(StackName=STACK)["Summaries"]
    assert [summary["ChangeSetName"] for summary in summaries] == [kept]


def test_the_plan_of_a_new_stack_creates_it(project: Project, file: Path, cloud: Clients) -> None:
    assert project.run("plan", "--save", str(file)) == 2
    assert existing_stack(cloud.cloudformation, STACK).status == "REVIEW_IN_PROGRESS"
    assert project.run("deploy", "--plan", str(file)) == 0
    assert existing_stack(cloud.cloudformation, STACK).status == "CREATE_COMPLETE"


def test_the_plan_says_how_it_is_executed(project: Project, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.run("plan", "--save", str(file))
    told = f"execute it with `python -m build deploy --suffix agreed --region us-west-2 --plan {file}`"
    assert told in capsys.readouterr().out


def test_options_of_the_plan_hold_when_it_is_executed(project: Project, file: Path, cloud: Clients) -> None:
    project.template = tiny_template(QUEUE | TABLE)
    assert project.run("deploy", "--tag", "team=data") == 0
    project.template = tiny_template(QUEUE)
    assert project.run("plan", "--save", str(file), "--allow-replace", "Table", "--tag", "team=ops") == 2
    assert project.run("deploy", "--plan", str(file)) == 0
    assert existing_stack(cloud.cloudformation, STACK).tags == {
        "project": "TapStack",
        "suffix": "agreed",
        "team": "ops",
    }


def test_a_plan_that_loses_data_is_refused_as_without_a_plan(
    project: Project, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.template = tiny_template(QUEUE | TABLE)
    assert project.run("deploy") == 0
    project.template = tiny_template(QUEUE)
    assert project.run("plan", "--save", str(file)) == 2
    assert "this would delete the table Table" in refusal(project, file, capsys)


def test_a_stack_that_was_changed_since_is_refused(
    project: Project, planned: Path, cloud: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    project.template = tiny_template(LARGER | {"More": QUEUE["Queue"]})
    assert project.run("deploy") == 0
    project.template = tiny_template(LARGER)
    told = refusal(project, planned, capsys)
    assert f"{STACK} was changed since it was planned (it is UPDATE_COMPLETE of 20" in told
    assert told.endswith("plan again.\n")


def test_a_plan_is_executed_once(project: Project, planned: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.run("deploy", "--plan", str(planned)) == 0
    assert "was changed since it was planned" in refusal(project, planned, capsys)


def test_code_that_changed_since_is_refused_and_not_uploaded(
    project: Project, planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.code = b"newer"
    assert "changed since it was planned (the archive AnalyticsProcessor, " in refusal(project, planned, capsys)


def test_a_template_that_changed_since_is_refused(
    project: Project, planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.template = tiny_template(QUEUE | TABLE)
    assert "changed since it was planned (the template); plan again" in refusal(project, planned, capsys)


def test_a_change_set_that_is_gone_is_refused(
    project: Project, planned: Path, cloud: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.cloudformation.delete_change_set(ChangeSetName=json.loads(planned.read_text())["change_set"])
    assert refusal(project, planned, capsys) == "deploy: the change set of the plan is gone; plan again.\n"


def test_the_plan_of_another_stack_is_refused(
    project: Project, planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refusal(project, planned, capsys, "--region", "eu-west-1", code=2)
    assert f"the plan is of {STACK} in us-west-2, and this is about {STACK} in eu-west-1" in told


def test_options_that_the_plan_has_fixed_are_refused(
    project: Project, planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refusal(project, planned, capsys, "--tag", "team=ops", "--no-rollback", code=2)
    assert "leave out --tag, --no-rollback, or plan again with it" in told
    assert "leave out --cancel" in refusal(project, planned, capsys, "--cancel", code=2)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"stack": "TapStackagreed"}'])
def test_a_file_that_is_no_plan_is_refused(
    project: Project, file: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    if content is not None:
        file.write_text(content)
    assert "plan.json is no plan that can be read" in refusal(project, file, capsys, code=2)


def test_a_plan_that_cannot_be_saved_leaves_nothing(
    project: Project, cloud: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.run("plan", "--save", str(project.folder / "missing" / "plan.json")) == 2
    assert "is in a folder that does not exist" in capsys.readouterr().err
    assert project.run("plan", "--save", str(project.folder)) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert find_stack(cloud.cloudformation, STACK) is None


def test_a_plan_without_changes_saves_nothing(project: Project, file: Path) -> None:
    project.run("deploy")
    assert project.run("plan", "--save", str(file)) == 0
    assert not file.exists()
