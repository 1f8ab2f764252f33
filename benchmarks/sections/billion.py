"""A billion activities a day: the workflow as it is deployed, over a simulated table, in simulated time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from statistics import mean
from typing import Any

from benchmarks.costs.daily_execution import EXECUTION_SECONDS, SCHEDULED_DAY, scheduled_table, simulated
from benchmarks.measuring.iterations import Iteration, single_iteration
from benchmarks.reporting.formatting import format_count, format_duration
from benchmarks.reporting.rows import ResultRow, exactly, limit_row, spread_of
from benchmarks.sizes import Sizes
from benchmarks.systems.billion_table import BillionTable, Invocation, Timing
from benchmarks.systems.dynamodb import ActivityDays
from benchmarks.systems.lambda_environment import LambdaContext, enter_function
from benchmarks.systems.packaged_functions import packaged_modules
from benchmarks.systems.state_machine import StateMachine
from benchmarks.systems.template_facts import function_variables, sized_config
from build.local.items import item_size
from stack.config import ANALYTICS_PROCESSOR, DATA_VALIDATOR, StackConfig
from stack.workflow import definition

_ACTIVITIES_A_DAY = 10**9
_LONGEST_INVOCATION = 300
_MOST_MEMORY = 1024**3


@dataclass(frozen=True)
class CountedBillion:
    """The total of both days, how many there are, and the time that counting them would have taken."""

    total: int
    stored: int
    partitions: int
    slices: int
    timing: Timing


def measure_billion(sizes: Sizes) -> list[ResultRow]:
    """Summarise two days of 10⁹ activities each, as the schedule does."""
    return billion_rows(single_iteration(billion_summary))


def billion_summary() -> Iterator[Callable[[], CountedBillion]]:
    """Iterations of a scheduled execution."""
    config = sized_config(_ACTIVITIES_A_DAY)
    enter_function(function_variables("AnalyticsProcessor", config) | _validators())
    processor, validator = packaged_modules(config, ANALYTICS_PROCESSOR, DATA_VALIDATOR)
    size = round(mean(item_size(dict(item)) for item in ActivityDays(100).items()))
    table = scheduled_table(config, _ACTIVITIES_A_DAY, size)
    setattr(processor, "dynamodb", table)
    return repeat(partial(_execute, config, table, processor.handler, validator.handler))


def _validators() -> dict[str, str]:
    return {"DATA_TYPES": function_variables("DataValidator")["DATA_TYPES"]}


def _execute(config: StackConfig, table: BillionTable, processor: Any, validator: Any) -> CountedBillion:
    """Run an execution, note what each slice reads, and simulate how long that takes."""
    invocations: list[Invocation] = []

    def process(event: dict[str, Any]) -> Any:
        table.queries.clear()
        answer = processor(event, LambdaContext())
        if table.queries:
            invocations.append(Invocation(tuple(table.queries)))
        return answer

    machine = StateMachine(
        definition(config),
        {"AnalyticsProcessor": process, "DataValidator": lambda event: validator(event, LambdaContext())},
    )
    request = {"dataType": "DAILY_ANALYTICS", "scheduledTime": f"{SCHEDULED_DAY.isoformat()}T02:00:00Z"}
    summaries = machine.run(request)["summaries"]
    return CountedBillion(
        sum(summary["totalRecords"] for summary in summaries),
        table.activities * len(table.partitions),
        len(table.partitions),
        len(invocations),
        simulated(config, invocations),
    )


def billion_rows(iteration: Iteration) -> list[ResultRow]:
    """Whether it is exact, and how far from the limits it stays."""
    counted: CountedBillion = iteration.answer
    subject = f"scheduled run over two days of {format_count(_ACTIVITIES_A_DAY)}"
    note = (
        f"simulated: {counted.slices} slices, pages of 1 MB in 50 ms, "
        f"3,000 units/s a partition, {counted.partitions} of them"
    )
    memory = (iteration.peak_memory, None)
    seconds, longest = counted.timing.seconds, counted.timing.longest_invocation
    return [
        ResultRow(
            subject=f"{subject}: activities counted",
            ours=format_count(counted.total),
            baseline=format_count(counted.stored),
            ratio=spread_of([counted.total / counted.stored]),
            limit=exactly(1),
            memory=memory,
            note=note,
        ),
        limit_row(
            f"{subject}: time",
            format_duration(seconds),
            format_duration(EXECUTION_SECONDS),
            seconds / EXECUTION_SECONDS,
        ),
        limit_row(
            f"{subject}: longest invocation",
            format_duration(longest),
            format_duration(_LONGEST_INVOCATION),
            longest / _LONGEST_INVOCATION,
        ),
        limit_row(
            f"{subject}: memory",
            f"{iteration.peak_memory // 1024**2} MB",
            f"{_MOST_MEMORY // 1024**2} MB",
            iteration.peak_memory / _MOST_MEMORY,
        ),
    ]
