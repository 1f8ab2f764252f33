from pathlib import Path

import pytest

from build.deployment.artifacts.upload import artifact_bucket
from build.deployment.changes import arguments as module
from build.deployment.changes.arguments import change_set_arguments
from build.deployment.comparison import Comparison
from build.deployment.deployed_stack import DeployedStack
from build.deployment.desired_stack import DesiredStack
from tests.build.deployment.support import NAME, Stubs, a_stack, tiny_deployment

ROLE = "arn:aws:iam::123456789012:role/deployer"
WATCHED = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}


def comparison(stubs: Stubs, stack: DeployedStack | None) -> Comparison:
    return Comparison(stack, "{}", DesiredStack(NAME, "{}", {}, {}), artifact_bucket(stubs.clients, a_stack()))


@pytest.fixture(autouse=True)
def no_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "rollback_configuration", lambda *arguments: WATCHED)


@pytest.mark.parametrize(
    ("suffix", "deployed", "role", "expected"),
    [
        ("dev", True, None, {}),
        ("dev", True, ROLE, {"RoleARN": ROLE}),
        ("prod", False, None, {}),
        ("prod", True, None, {"RollbackConfiguration": WATCHED}),
    ],
)
def test_what_a_change_set_is_told_besides(
    stubs: Stubs, tmp_path: Path, suffix: str, deployed: bool, role: str | None, expected: dict[str, object]
) -> None:
    deployment = tiny_deployment(tmp_path, {}, suffix, role_arn=role)
    stack = a_stack() if deployed else None
    told = change_set_arguments(stubs.clients, deployment, comparison(stubs, stack))
    assert told == {"TemplateBody": "{}", **expected}
