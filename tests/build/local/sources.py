"""Two sources of the tests' own, whatever the stack has."""

from stack.config import StreamSource


def source(name: str, id_attribute: str, time_attribute: str) -> StreamSource:
    """A source whose other values do not matter."""
    return StreamSource(
        name=name,
        id_attribute=id_attribute,
        time_attribute=time_attribute,
        activity_type=f"{name.upper()}_ACTIVITY",
        service_name=name.lower(),
        memory_size=256,
        batch_size=10,
        batching_window=0,
        parallelization_factor=1,
    )


USERS = source("UserData", "userId", "timestamp")
ORDERS = source("OrderData", "orderId", "createdAt")
SOURCES = (USERS, ORDERS)
