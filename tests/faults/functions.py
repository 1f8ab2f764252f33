"""The real handlers in this process, invoked as Lambda does, and what can go wrong with an invocation."""

import importlib
import json
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from io import StringIO
from types import ModuleType
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from build.poller.invocation import AnswerLost, FunctionUnreached, Response
from tests.build.poller.fakes import VirtualTime

FunctionFault = Callable[["HandlerFunction", bytes], Response]


@dataclass(frozen=True)
class Context:
    """What Lambda hands to a handler; the remaining time is virtual."""

    time: VirtualTime
    deadline: float
    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-west-2:123456789012:function:function"
    aws_request_id: str = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.deadline - self.time.now))


def cold_start(name: str, variables: Mapping[str, str], time: VirtualTime) -> ModuleType:
    """Import an entry module as a new execution environment does; its pauses pass in virtual time.

    Args:
        name: `stream_processor`.
        variables: the function's environment.
        time: what passes while it waits.
    """
    with patch.dict("os.environ", variables):
        sys.modules.pop(f"handlers.{name}", None)
        module = importlib.import_module(f"handlers.{name}")
    module.logger.registered_handler.stream = StringIO()
    if hasattr(module, "BatchWriter"):
        setattr(module, "BatchWriter", partial(module.BatchWriter, sleep=time.sleep))
    return module


class HandlerFunction:
    """A handler as something to invoke; `faults` are used up one an invocation, None meaning none.

    Args:
        module: an entry module.
        time: the virtual time.
        seconds: the function's time-out.
    """

    def __init__(self, module: ModuleType, time: VirtualTime, seconds: int) -> None:
        self.faults: deque[FunctionFault | None] = deque()
        self.payloads: list[bytes] = []
        self.module = module
        self.time = time
        self.seconds = seconds

    def __call__(self, payload: bytes) -> Response:
        self.payloads.append(payload)
        fault = self.faults.popleft() if self.faults else None
        return (fault or HandlerFunction.run)(self, payload)

    def log(self) -> list[dict[str, Any]]:
        """The lines that it logged."""
        return list(map(json.loads, self.module.logger.registered_handler.stream.getvalue().splitlines()))

    def run(self, payload: bytes) -> Response:
        """Invoke the handler; JSON goes in, and JSON or an error comes out."""
        context = Context(self.time, self.time.now + self.seconds)
        try:
            answer = json.dumps(self.module.handler(json.loads(payload), context))
        except Exception as error:
            return function_error(type(error).__name__, str(error))
        return Response(str(uuid4()), 200, "$LATEST", None, answer.encode())


def function_error(error_type: str, message: str) -> Response:
    """What Invoke answers when a function failed."""
    content = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Response(str(uuid4()), 200, "$LATEST", "Unhandled", content)


def crashes(function: HandlerFunction, payload: bytes) -> Response:
    """Fail before anything is done."""
    return function_error("MemoryError", "")


def dies_after_writing(function: HandlerFunction, payload: bytes) -> Response:
    """Do everything, and end before the answer."""
    function.run(payload)
    return function_error("Runtime.ExitError", "Runtime exited with error: signal: killed")


def times_out(function: HandlerFunction, payload: bytes) -> Response:
    """Do everything, and hang until the time is up."""
    function.run(payload)
    function.time.sleep(function.seconds)
    return function_error("Sandbox.Timedout", f"Task timed out after {function.seconds}.00 seconds")


def loses_its_answer(function: HandlerFunction, payload: bytes) -> Response:
    """Do everything, and break the connection to the invoker."""
    function.run(payload)
    raise AnswerLost("Connection was closed before we received a valid response")


def is_throttled(function: HandlerFunction, payload: bytes) -> Response:
    """Never begin."""
    raise FunctionUnreached("TooManyRequestsException")
