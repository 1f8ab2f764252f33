"""Dividing a profile between the handlers and what they call."""

from benchmarks.systems.stream_processors import HANDLERS, LIBRARIES, CpuShares, profile, shares_of

HANDLER = (f"{HANDLERS}/activities.py", 1, "activity_item")
LIBRARY = (f"{LIBRARIES}/botocore/client.py", 1, "_api_call")
BUILT_IN = ("~", 0, "<built-in method sha256>")
READ = ("~", 0, "<method 'recv_into' of '_socket.socket' objects>")


def test_time_belongs_to_whose_code_spends_it() -> None:
    stats = {HANDLER: (1, 1, 2.0, 9.0, {}), LIBRARY: (1, 1, 5.0, 7.0, {HANDLER: (1, 1, 5.0, 7.0)})}
    assert shares_of(stats) == CpuShares(own=2.0, libraries=5.0)


def test_what_python_does_belongs_to_who_called_it() -> None:
    callers = {HANDLER: (1, 1, 0.25, 0.25), LIBRARY: (1, 1, 0.75, 0.75)}
    assert shares_of({BUILT_IN: (2, 2, 1.0, 1.0, callers)}) == CpuShares(own=0.25, libraries=0.75)


def test_waiting_for_an_answer_belongs_to_nobody() -> None:
    stats = {LIBRARY: (1, 1, 1.0, 4.0, {}), READ: (1, 1, 3.0, 3.0, {LIBRARY: (1, 1, 3.0, 3.0)})}
    assert shares_of(stats) == CpuShares(own=0.0, libraries=1.0)


def test_work_that_calls_a_handlers_function_has_a_share_of_its_own() -> None:
    from handlers.keys import sort_key

    assert profile(lambda: [sort_key(number, number) for number in range(1000)]).own > 0
