"""Records the AWS calls that a function makes, as the permissions that they take."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore
from botocore.model import OperationModel
from botocore.session import Session

from tests.privileges.deployed import ACCOUNT, REGION
from tests.privileges.permissions import Permission

CallParameters = Mapping[str, Any]


def tables(parameters: CallParameters) -> Iterable[str]:
    """The ARNs of the tables that a call to DynamoDB works on."""
    names = parameters.get("RequestItems") or [parameters["TableName"]]
    return [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}" for name in names]


def unknown(parameters: CallParameters) -> Iterable[str]:
    """What no role grants, so that a call whose resources are not known here is noticed."""
    return ["not known: say in RESOURCES what calls to this service work on"]


RESOURCES: dict[str, Callable[[CallParameters], Iterable[str]]] = {"dynamodb": tables}
"""By service prefix, the ARNs that a call works on; such a service names its actions as its operations."""


@contextmanager
def watched_calls(watch: Callable[[OperationModel, CallParameters], None]) -> Iterator[None]:
    """Tell the calls of every session that is made in the block, whoever makes it and whatever becomes of them."""

    def tell(**call: Any) -> None:
        watch(call["model"], call["params"])

    def register(session: Session) -> None:
        session.register("before-parameter-build", tell)

    botocore.register_initializer(register)
    try:
        yield
    finally:
        botocore.unregister_initializer(register)


@contextmanager
def recorded_calls() -> Iterator[set[Permission]]:
    """What the calls in the block take, as `watched_calls` tells them."""
    calls: set[Permission] = set()

    def record(model: OperationModel, parameters: CallParameters) -> None:
        prefix = model.service_model.signing_name
        resources = RESOURCES.get(prefix, unknown)(parameters)
        calls.update(Permission(f"{prefix}:{model.name}", resource) for resource in resources)

    with watched_calls(record):
        yield calls
