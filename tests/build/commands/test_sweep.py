"""Stacks with an expiry, deployed and swept on the emulated AWS; what is left alone and what fails, with stubs."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from build.aws import Clients
from build.cloudformation.failures import Detached
from build.cloudformation.stacks import DeployedStack, find_stack, project_stacks
from build.cloudformation.termination_protection import set_termination_protection
from build.command_line import main
from build.commands import sweep
from build.commands.deploy import deploy
from build.commands.destroy import StackDeletion, destroy
from build.commands.sweep import reason_to_keep
from build.deploy import desired
from build.errors import CommandError
from build.local.emulator import Emulator
from stack import settings
from stack.config import StackConfig
from tests.build.commands.conftest import Run
from tests.build.commands.test_deploy import QUEUE
from tests.build.support import NAME, Recorder, a_stack, tiny_deployment, tiny_package, tiny_template

REGION = "eu-central-1"
PAST = "2026-01-02T03:04:05Z"
FUTURE = "2999-01-01T00:00:00Z"
BUCKET = {"Failures": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "swept-failures"}}}
Deploy = Callable[..., DeployedStack]


@pytest.fixture
def run(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in a region with no other stacks: exit code, stdout, stderr."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*words, "--region", REGION])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def there(cloud: Clients) -> Iterator[Clients]:
    """Clients of that region, where nothing is left afterwards."""
    clients = Clients(cloud.session, REGION, cloud.endpoint_url)
    yield clients
    for stack in project_stacks(clients.cloudformation):
        set_termination_protection(clients.cloudformation, stack, False, Recorder())
        clients.cloudformation.delete_stack(StackName=stack.stack_id)


@pytest.fixture
def deployed(there: Clients, tmp_path: Path) -> Deploy:
    """Deploys a stack of a queue, and further resources, with an expiry."""

    def deployed(suffix: str, expiry: str | None, resources: dict[str, Any] = QUEUE, **more: Any) -> DeployedStack:
        return deploy(there, tiny_deployment(tmp_path, resources, suffix, expiry=expiry, **more), Recorder())

    return deployed


def names(clients: Clients) -> list[str]:
    return [stack.name for stack in project_stacks(clients.cloudformation)]


def test_what_is_past_its_expiry_is_destroyed_with_what_it_stores_and_nothing_else(
    run: Run, there: Clients, deployed: Deploy
) -> None:
    deployed("old", PAST, QUEUE | BUCKET)
    there.s3.put_object(Bucket="swept-failures", Key="failure", Body=b"1")
    deployed("older", PAST)
    deployed("fresh", FUTURE)
    deployed("plain", None)
    deployed("odd", "soon")
    deployed("tagged", PAST, tags={"protected": "no"})
    guarded = deployed("guarded", PAST)
    set_termination_protection(there.cloudformation, guarded, True, Recorder())
    deployed("prod", PAST)
    kept = ["TapStackfresh", "TapStackguarded", "TapStackodd", "TapStackplain", "TapStackprod", "TapStacktagged"]
    every = sorted([*kept, "TapStackold", "TapStackolder"])
    told = [
        f"TapStackfresh is left alone: it expires at {FUTURE}",
        "TapStackguarded is left alone: it has termination protection",
        "TapStackodd is left alone: its tag expires is 'soon', and no time like 2026-03-01T12:00:00Z; "
        "deploy it again with --expires",
        f"TapStackold expired at {PAST}",
        f"TapStackolder expired at {PAST}",
        "TapStackprod is left alone: its suffix is protected",
        "TapStacktagged is left alone: it has the tag protected",
    ]
    code, out, err = run("sweep")
    hint = "nothing was destroyed; add --yes to destroy TapStackold, TapStackolder"
    assert (code, out.splitlines(), err) == (2, [*told, hint], "")
    assert names(there) == every
    code, out, err = run("sweep", "--yes", "--json")
    result = json.loads(out.splitlines()[-1])
    both = ["TapStackold", "TapStackolder"]
    assert (code, err) == (0, "")
    assert result == {"type": "result", "region": REGION, "expired": both, "destroyed": both, "failed": []}
    assert names(there) == kept
    assert "swept-failures" not in {bucket["Name"] for bucket in there.s3.list_buckets()["Buckets"]}
    code, out, err = run("sweep", "--yes")
    assert (code, len(out.splitlines()), err) == (0, 5, "")


def test_nothing_to_sweep_is_well(run: Run, there: Clients) -> None:
    assert run("sweep") == (0, "", "")


def test_the_failure_of_one_stack_stops_no_other(
    run: Run, there: Clients, deployed: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix in ("a", "b", "c"):
        deployed(suffix, PAST)

    def failing(clients: Clients, deletion: StackDeletion, *more: Any) -> None:
        if deletion.stack.name == "TapStackb":
            raise CommandError("the queue could not be deleted\nallow that.")
        destroy(clients, deletion, *more)

    monkeypatch.setattr(sweep, "destroy", failing)
    code, out, err = run("sweep", "--yes", "--json")
    documents = [json.loads(line) for line in out.splitlines()]
    assert (code, names(there)) == (1, ["TapStackb"])
    assert "TapStackb could not be destroyed: the queue could not be deleted allow that." in [
        document.get("text") for document in documents
    ]
    assert documents[-2]["destroyed"] == ["TapStacka", "TapStackc"]
    assert (documents[-2]["failed"], documents[-1]["type"]) == (["TapStackb"], "failure")
    assert err == ("sweep: TapStackb could not be destroyed; correct what is said of each and repeat the command.\n")


def test_ctrl_c_stops_the_sweep(run: Run, there: Clients, deployed: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix in ("a", "b"):
        deployed(suffix, PAST)

    def detach(*call: Any) -> None:
        raise Detached("TapStacka", updating=False)

    monkeypatch.setattr(sweep, "destroy", detach)
    code, _, err = run("sweep", "--yes")
    assert (code, "no longer following, AWS continues with TapStacka" in err) == (130, True)
    assert names(there) == ["TapStacka", "TapStackb"]


def test_a_stack_that_was_prolonged_meanwhile_is_left_alone(
    run: Run, there: Clients, deployed: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed("a", PAST)
    deployed("b", PAST)

    def slow(*call: Any) -> None:
        deployed("b", FUTURE)
        destroy(*call)

    monkeypatch.setattr(sweep, "destroy", slow)
    code, out, _ = run("sweep", "--yes")
    assert (code, names(there)) == (0, ["TapStackb"])
    assert f"TapStackb is left alone after all: it expires at {FUTURE}" in out


def test_a_stack_of_another_account_than_its_settings_name_fails(
    run: Run, there: Clients, deployed: Deploy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deployed("a", PAST)
    monkeypatch.setattr(settings, "SETTINGS_FILE", tmp_path / "setup.cfg")
    settings.SETTINGS_FILE.write_text("[suffix.a]\naccount = 123456789012\n")
    code, out, err = run("sweep", "--yes")
    assert (code, names(there)) == (1, ["TapStacka"])
    assert "TapStacka belongs in the account 123456789012" in out
    assert err.startswith("sweep: TapStacka could not be destroyed")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[suffix.dev]\nprotected = yes\n", "its suffix is protected"),
        ("[suffix.dev]\ncolour = red\n", "setup.cfg [suffix.dev] has the unknown key colour"),
        ("", ""),
    ],
)
def test_settings_that_protect_or_cannot_be_read_keep_a_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, reason: str
) -> None:
    monkeypatch.setattr(settings, "SETTINGS_FILE", tmp_path / "setup.cfg")
    settings.SETTINGS_FILE.write_text(text)
    told = reason_to_keep(a_stack(Tags=[{"Key": "expires", "Value": PAST}]))
    assert told.startswith(reason) if reason else told == ""


def test_a_stack_that_is_being_changed_is_left_alone() -> None:
    stack = a_stack("UPDATE_IN_PROGRESS", Tags=[{"Key": "expires", "Value": PAST}])
    assert reason_to_keep(stack) == "it is UPDATE_IN_PROGRESS"


def test_a_stack_without_the_tag_is_left_alone() -> None:
    assert reason_to_keep(a_stack()).startswith("its tag expires is ''")


def test_an_expiry_is_given_kept_prolonged_and_removed(
    run: Run, there: Clients, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(desired, "package", lambda *arguments: tiny_package(tmp_path))
    monkeypatch.setattr(desired, "render", lambda config: tiny_template(QUEUE))

    def tags_after(*words: str) -> dict[str, str]:
        assert run("deploy", "--suffix", "dev", *words)[0] == 0
        stack = find_stack(there.cloudformation, NAME)
        assert stack
        return {key: value for key, value in stack.tags.items() if key not in StackConfig("dev").tags}

    given = tags_after("--expires", "3d", "--tag", "team=data")["expires"]
    assert timedelta(days=2, hours=23) < datetime.fromisoformat(given) - datetime.now(UTC) <= timedelta(days=3)
    assert tags_after() == {"team": "data", "expires": given}
    assert tags_after("--tag", "team=ops") == {"team": "ops", "expires": given}
    assert tags_after("--expires", "2w")["expires"] > given
    assert tags_after("--expires", "never") == {"team": "ops"}


def test_where_an_expiry_cannot_be_meant_it_is_refused(run: Run) -> None:
    assert run("deploy", "--suffix", "prod", "--expires", "3d") == (
        2,
        "",
        "deploy: TapStackprod is protected and never expires; leave out --expires.\n",
    )
    code, _, err = run("deploy", "--suffix", "dev", "--plan", "plan.json", "--expires", "3d")
    assert (code, "leave out --cancel, --continue-rollback and --expires" in err) == (2, True)
