"""What reads cost: capacity units as a server reports them."""

from typing import Any

from botocore.hooks import BaseEventHooks

READ_UNIT_BYTES = 8192
"""Bytes that a unit reads eventually consistently: half a unit for each 4 KB
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)."""


class ReadUnits:
    """Counts the units of every Query and Scan of a client, which is made to ask for them.

    Args:
        events: of the client, `client.meta.events`.
    """

    def __init__(self, events: BaseEventHooks) -> None:
        self.total = 0.0
        self.requests = 0
        for operation in ("Query", "Scan"):
            events.register(f"provide-client-params.dynamodb.{operation}", self._ask)
            events.register(f"after-call.dynamodb.{operation}", self._add)

    def _ask(self, params: dict[str, Any], **_: object) -> None:
        """Have a request return what it consumed."""
        params["ReturnConsumedCapacity"] = "TOTAL"

    def _add(self, parsed: dict[str, Any], **_: object) -> None:
        """Count what a request consumed."""
        self.total += parsed["ConsumedCapacity"]["CapacityUnits"]
        self.requests += 1
