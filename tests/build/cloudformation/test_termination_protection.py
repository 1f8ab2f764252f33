from dataclasses import replace

import pytest

from build.cloudformation.termination_protection import set_termination_protection
from tests.build.support import STACK_ID, Recorder, Stubs, a_stack


@pytest.mark.parametrize("enabled", [True, False])
def test_termination_protection_is_set_by_stack_id(stubs: Stubs, progress: Recorder, enabled: bool) -> None:
    parameters = {"StackName": STACK_ID, "EnableTerminationProtection": enabled}
    stubs.answer("cloudformation", "update_termination_protection", parameters, {"StackId": STACK_ID})
    before = a_stack(EnableTerminationProtection=not enabled)
    after = set_termination_protection(stubs.clients.cloudformation, before, enabled, progress)
    assert after == replace(before, termination_protection=enabled)


def test_an_endpoint_without_termination_protection_is_reported(stubs: Stubs, progress: Recorder) -> None:
    parameters = {"StackName": STACK_ID, "EnableTerminationProtection": True}
    stubs.refuse("cloudformation", "update_termination_protection", parameters, "InvalidAction")
    assert set_termination_protection(stubs.clients.cloudformation, a_stack(), True, progress) == a_stack()
    assert progress.steps == ["termination protection is unknown to this endpoint and stays as it is"]


def test_a_denied_protection_is_no_detail(stubs: Stubs, progress: Recorder) -> None:
    parameters = {"StackName": STACK_ID, "EnableTerminationProtection": True}
    stubs.refuse("cloudformation", "update_termination_protection", parameters, "AccessDenied")
    with pytest.raises(Exception, match="AccessDenied"):
        set_termination_protection(stubs.clients.cloudformation, a_stack(), True, progress)
