"""GitHub's workflows: pinned actions, no more permissions than needed, no deployment unless it is turned on."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.permissions.grants import Scope
from stack.permissions.roles import pipeline_commands
from tests.privileges.deployed import REGION

FOLDER = Path(__file__).parents[1] / ".github" / "workflows"
SUFFIXES = {"dev": "dev", "preview": "pr-*", "sweep": "pr-*"}
"""The stacks that each job of the deployment is for."""
TURNED_ON_BY = {"dev": "DEV", "preview": "PREVIEW", "sweep": "PREVIEW"}
"""What the variables of each job begin with."""


def workflow(name: str) -> Any:
    """A workflow as GitHub reads it."""
    return yaml.safe_load((FOLDER / f"{name}.yml").read_text())


def job(name: str) -> Any:
    """A job of the deployment."""
    return workflow("deploy")["jobs"][name]


def commands(name: str) -> Iterator[list[str]]:
    """The words after `python -m build` of a job's steps."""
    for step in job(name)["steps"]:
        if "-m build " in step.get("run", ""):
            yield shlex.split(step["run"])[3:]


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    for action in used:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", action)


def test_an_action_has_one_version_in_all_workflows() -> None:
    used = {action for path in FOLDER.iterdir() for action in re.findall(r"uses: (\S+)", path.read_text())}
    assert len({action.split("@")[0] for action in used}) == len(used)


def test_nothing_is_permitted_but_to_read_the_code_and_to_ask_for_a_token() -> None:
    assert workflow("deploy")["permissions"] == {}
    for name in SUFFIXES:
        assert job(name)["permissions"] == {"contents": "read", "id-token": "write"}


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_job_is_off_until_a_variable_names_its_role(name: str) -> None:
    variable = f"vars.{TURNED_ON_BY[name]}_DEPLOY_ROLE"
    assert job(name)["if"].startswith(f"{variable} != '' && ")
    (credentials,) = [step["with"] for step in job(name)["steps"] if "role-to-assume" in step.get("with", {})]
    assert credentials["role-to-assume"] == f"${{{{ {variable} }}}}"


def test_every_job_is_for_one_event() -> None:
    events = {name: re.findall(r"github.event_name == '(\w+)'", job(name)["if"]) for name in SUFFIXES}
    assert events == {"dev": ["push"], "preview": ["pull_request"], "sweep": ["schedule"]}
    assert workflow("deploy")[True].keys() == {"push", "pull_request", "schedule"}, "YAML reads `on` as true"


def test_a_pull_request_of_a_fork_has_no_preview() -> None:
    assert "github.event.pull_request.head.repo.full_name == github.repository" in job("preview")["if"]


def test_a_preview_expires_and_ends_with_its_pull_request() -> None:
    deployed, destroyed = [step for step in job("preview")["steps"] if "-m build " in step.get("run", "")]
    assert deployed["if"] == "github.event.action != 'closed'"
    assert destroyed["if"] == "github.event.action == 'closed'"
    assert list(commands("preview")) == [
        ["deploy", "--suffix", "$SUFFIX", "--expires", "3d", "--role-arn", "$CLOUDFORMATION_ROLE"],
        ["destroy", "--suffix", "$SUFFIX", "--yes"],
    ]
    assert "closed" in workflow("deploy")[True]["pull_request"]["types"]


def test_no_text_of_a_pull_request_reaches_a_shell() -> None:
    for name in SUFFIXES:
        assert not any("${{" in step.get("run", "") for step in job(name)["steps"])


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_job_runs_commands_that_its_role_is_for(name: str) -> None:
    run = {words[0] for words in commands(name)}
    assert run
    assert run <= set(pipeline_commands(Scope(SUFFIXES[name], REGION)))
