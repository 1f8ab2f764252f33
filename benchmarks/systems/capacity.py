"""What reads cost: capacity units as a server reports them, and as the documented size of items has it."""

from collections.abc import Mapping
from decimal import Decimal
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


def item_size(item: Mapping[str, Any]) -> int:
    """The bytes of an item of strings and numbers.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, str]) -> int:
    """The bytes of a typed value: UTF-8 for a string, a byte for two significant digits and one more for a number."""
    if "S" in value:
        return len(value["S"].encode())
    digits = "".join(map(str, Decimal(value["N"]).as_tuple().digits)).strip("0")
    return (len(digits) + 1) // 2 + 1
