"""Sources that tests choose themselves, so that an entry added to the stack's own changes no test."""

from dataclasses import replace
from typing import Any

from stack.config import StackConfig, StreamSource

USERS = StreamSource(
    name="UserData",
    id_attribute="userId",
    time_attribute="timestamp",
    activity_type="USER_ACTIVITY",
    service_name="user-data-processor",
    memory_size=256,
    timeout=300,
    batch_size=10,
    batching_window=5,
    parallelization_factor=2,
)
ORDERS = StreamSource(
    name="OrderData",
    id_attribute="orderId",
    time_attribute="createdAt",
    activity_type="ORDER_ACTIVITY",
    service_name="order-data-processor",
    memory_size=512,
    timeout=300,
    batch_size=5,
    batching_window=10,
    parallelization_factor=1,
)
INVOICES = StreamSource(
    name="InvoiceData",
    id_attribute="invoiceId",
    time_attribute="issuedAt",
    activity_type="INVOICE_ACTIVITY",
    service_name="invoice-data-processor",
    memory_size=256,
    timeout=300,
    batch_size=20,
    batching_window=5,
    parallelization_factor=2,
)
"""The README's example."""


def two_sources(suffix: str = "dev", **settings: Any) -> StackConfig:
    """The configuration of a stack that follows users and orders."""
    return StackConfig(suffix, sources=(USERS, ORDERS), **settings)


def without_batching_windows(config: StackConfig) -> StackConfig:
    """The same stack, whose mappings wait for nothing."""
    return replace(config, sources=tuple(replace(source, batching_window=0) for source in config.sources))
