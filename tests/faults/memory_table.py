"""The analytics table in memory, for tests that run thousands of times."""

from typing import Any

from tests.handlers.fake_dynamodb import FakeDynamoDB


class MemoryTable(FakeDynamoDB):
    """The table behind a client, and what is in it."""

    def activities(self) -> list[dict[str, Any]]:
        """Every item."""
        return list(self.items.values())
