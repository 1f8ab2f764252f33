"""A number of shards that would change for records that exist: `plan` and `deploy` refuse it before anything else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.aws import Clients
from build.commands.deploy import deploy
from build.commands.plan import plan
from build.deploy.desired import Deployment
from build.errors import CommandError
from stack.config import StackConfig
from stack.template import render
from tests.build.support import NAME, STACK_ID, Recorder, Stubs, tiny_package


@pytest.mark.parametrize("command", [plan, deploy])
def test_it_is_refused_and_the_sentence_says_what_to_write(
    stubs: Stubs, progress: Recorder, tmp_path: Path, command: Callable[[Clients, Deployment, Recorder], Any]
) -> None:
    deployed, raised = StackConfig(), StackConfig(activity_shards=((0, 8),))
    deployment = Deployment(raised, render(raised), tiny_package(tmp_path))
    stubs.stack_is("UPDATE_COMPLETE", name=NAME)
    answer = {"TemplateBody": json.dumps(json.loads(render(deployed)))}
    stubs.answer("cloudformation", "get_template", {"StackName": STACK_ID, "TemplateStage": "Original"}, answer)
    with pytest.raises(CommandError, match=r"activity_shards is \(\(0, 8\),\), .* write \(\(0, 1\), \('2.*Z', 8\)\)"):
        command(stubs.clients, deployment, progress)
