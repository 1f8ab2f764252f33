"""What AWS answers, in short, and a deployment small enough to read."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.stub import Stubber

from build.aws import Clients
from build.cloudformation.changes import ResourceChange
from build.cloudformation.stacks import DeployedStack, StackEvent, deployed_stack
from build.deploy.desired import Deployment
from build.packaging import Archive, Package
from stack.config import StackConfig
from stack.parameters import ARTIFACT_BUCKET, LAYER_KEY, code_key

ACCOUNT = "123456789012"
REGION = "us-west-2"
NAME = "TapStackdev"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{NAME}/5f2d"
CHANGE_SET_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/build-1/77"
TOKEN = "build-token"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
STACK_TYPE = "AWS::CloudFormation::Stack"
ANYTHING = None
"""The parameters of a call that may have any."""


@cache
def dummy_session() -> boto3.Session:
    """A session that can only be stubbed, or talk to an emulator."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)


class Stubs:
    """Clients that answer what they were told, to exactly the calls that were expected."""

    def __init__(self) -> None:
        self.clients = Clients(dummy_session(), REGION)
        self.stubbers: dict[str, Stubber] = {}

    def of(self, service: str) -> Stubber:
        """The stubber of a client of `Clients`."""
        if service not in self.stubbers:
            self.stubbers[service] = Stubber(getattr(self.clients, service))
            self.stubbers[service].activate()
        return self.stubbers[service]

    def answer(
        self, service: str, operation: str, parameters: Mapping[str, Any] | None, answer: Mapping[str, Any]
    ) -> None:
        """Expect a call, with exactly these parameters unless they are ANYTHING."""
        expected = None if parameters is None else dict(parameters)
        self.of(service).add_response(operation, dict(answer), expected)

    def refuse(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any] | None,
        code: str,
        message: str = "",
        status: int = 400,
    ) -> None:
        """Expect a call that fails."""
        self.of(service).add_client_error(
            operation, code, message, status, expected_params=parameters and dict(parameters)
        )

    def no_table_is_restored(self) -> None:
        """Expect a look for the journal of a restoration."""
        self.refuse("s3", "get_object", ANYTHING, "NoSuchKey", status=404)

    def stack_is(self, status: str = "CREATE_COMPLETE", name: str = STACK_ID, **more: Any) -> None:
        """Expect a look at the stack."""
        answer = {"Stacks": [description(status, **more)]}
        self.answer("cloudformation", "describe_stacks", {"StackName": name}, answer)

    def events_are(self, *entries: Any) -> None:
        """Expect a look at the events of the stack, newest first."""
        self.answer("cloudformation", "describe_stack_events", {"StackName": STACK_ID}, {"StackEvents": entries})

    def resources_are(
        self,
        *resources: tuple[str, str],
        physical_ids: Mapping[str, str] | None = None,
        status: str = "CREATE_COMPLETE",
    ) -> None:
        """Expect a look at the resources of the stack, by logical id and type; their names begin with `dev-`."""
        names = physical_ids or {}
        summaries = [
            {
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": names.get(logical_id, f"dev-{logical_id}"),
                "ResourceType": resource_type,
                "ResourceStatus": status,
                "LastUpdatedTimestamp": START,
            }
            for logical_id, resource_type in resources
        ]
        answer = {"StackResourceSummaries": summaries}
        self.answer("cloudformation", "list_stack_resources", {"StackName": STACK_ID}, answer)

    def done(self) -> None:
        """Every expected call was made."""
        for stubber in self.stubbers.values():
            stubber.assert_no_pending_responses()


class Recorder:
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.events: list[StackEvent] = []
        self.changed: list[ResourceChange] = []
        self.waits = 0

    def step(self, text: str) -> None:
        self.steps.append(text)

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        self.changed.extend(changes)

    def event(self, event: StackEvent) -> None:
        self.events.append(event)

    def waiting(self) -> None:
        self.waits += 1


def expect_end(stubs: Stubs, begun: str, status: str) -> None:
    """Expect a look at an operation that begins and ends with these statuses."""
    entries = [event(2, NAME, status), event(1, NAME, begun)]
    stubs.events_are(*entries)
    stubs.stack_is(status)


def interrupt(stubs: Stubs, operation: str) -> None:
    """Press Ctrl-C while a call of CloudFormation is under way."""

    def press(**call: Any) -> None:
        raise KeyboardInterrupt

    stubs.clients.cloudformation.meta.events.register_first(f"provide-client-params.cloudformation.{operation}", press)


def description(status: str = "CREATE_COMPLETE", **more: Any) -> Any:
    """An entry of DescribeStacks."""
    return {"StackId": STACK_ID, "StackName": NAME, "StackStatus": status, "CreationTime": START, **more}


def a_stack(status: str = "CREATE_COMPLETE", **more: Any) -> DeployedStack:
    """A stack as DescribeStacks describes it."""
    return deployed_stack(description(status, **more))


def event(number: int, logical_id: str, status: str, reason: str = "", token: str | None = TOKEN) -> Any:
    """An entry of DescribeStackEvents, the `number`th second after the start."""
    of_stack = logical_id == NAME
    return {
        "StackId": STACK_ID,
        "StackName": NAME,
        "EventId": f"event-{number}",
        "Timestamp": START + timedelta(seconds=number),
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": STACK_ID if of_stack else f"dev-{logical_id.lower()}",
        "ResourceType": STACK_TYPE if of_stack else "AWS::Lambda::Function",
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
        **({"ClientRequestToken": token} if token else {}),
    }


def a_change(logical_id: str, resource_type: str, action: str = "Modify", **more: Any) -> dict[str, Any]:
    """An entry of DescribeChangeSet."""
    return {
        "Type": "Resource",
        "ResourceChange": {"Action": action, "LogicalResourceId": logical_id, "ResourceType": resource_type, **more},
    }


def tiny_template(resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None, **parameters: str) -> str:
    """A template with the parameters of the real one, further ones with defaults, and a few resources."""
    config = StackConfig()
    required = [ARTIFACT_BUCKET, LAYER_KEY, *map(code_key, config.functions)]
    declared = {name: {"Type": "String"} for name in required}
    more = {name: {"Type": "String", "Default": default} for name, default in parameters.items()}
    return json.dumps({"Parameters": {**declared, **more}, "Resources": resources, "Outputs": outputs or {}})


def tiny_package(folder: Path, content: bytes = b"code") -> Package:
    """Archives of a few bytes."""
    names = [*(function.logical_id for function in StackConfig().functions), "Layer"]
    return Package(tuple(archive(folder, name, content + name.encode()) for name in names))


def archive(folder: Path, name: str, content: bytes) -> Archive:
    """An archive as packaging leaves it."""
    path = folder / f"{name}.zip"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return Archive(name, path, digest, digest, len(content), rebuilt=False)


def tiny_deployment(folder: Path, resources: Mapping[str, Any], suffix: str = "dev", **more: Any) -> Deployment:
    """A deployment of a few resources."""
    return Deployment(StackConfig(suffix), tiny_template(resources), tiny_package(folder), **more)
