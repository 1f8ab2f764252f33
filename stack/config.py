"""What a stack is made from: its sources, its functions, its names and the limits that AWS sets to names."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stack.activity_shards import FROM_THE_BEGINNING, ActivityShards, check_activity_shards
from stack.errors import ConfigurationError

DEFAULT_SUFFIX = "dev"
DEFAULT_REGION = "us-west-2"
PROTECTED_SUFFIXES = frozenset({"prod"})
STACK_PREFIX = "TapStack"
SUFFIX_VARIABLE = "ENVIRONMENT_SUFFIX"
RUNTIME_PYTHON = "3.13"
ARCHITECTURE = "arm64"
METRICS_NAMESPACE = "ServerlessApp"
PAGES_IN_ONE_INVOCATION = 5_000
"""About 14 million activities: 220 seconds when all of them are in one partition, which gives 23 pages a second (3,000
read units; 128 a page), and twice as long when it is read consistently: below the function's time-out of 600 seconds.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""
_LONGEST_ROLE_NAME = 64
"""Characters; no other kind of name comes as close to its limit.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


WRITES_PER_SHARD = 1000
"""Write units a second that one partition key takes; an activity takes one
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)."""
LEAST_RETENTION_DAYS = 3
"""The oldest activity that a scheduled execution counts is two days and two hours old, and EventBridge may start that
execution six hours late."""


@dataclass(frozen=True)
class StreamSource:
    """A table whose changes become activities; a new source is one more of these in `SOURCES`.

    Args:
        name: logical name in capitalised words; table, function, alarms and outputs are named after it.
        id_attribute: partition key of the table, a string.
        time_attribute: sort key of the table, a number.
        activity_type: `dataType` of the activities, `<THING>_ACTIVITY`.
        service_name: the `service` of its logs, traces and metrics.
        memory_size: of the function, in MB.
        timeout: of the function, in seconds.
        batch_size: records that one invocation gets at most.
        batching_window: seconds to wait for a full batch.
        parallelization_factor: batches of one shard that are processed at once.
    """

    name: str
    id_attribute: str
    time_attribute: str
    activity_type: str
    service_name: str
    memory_size: int
    timeout: int
    batch_size: int
    batching_window: int
    parallelization_factor: int

    @property
    def words(self) -> tuple[str, ...]:
        """`UserData` is `("User", "Data")`."""
        return tuple(re.findall(r"[A-Z][a-z0-9]*", self.name))

    @property
    def title(self) -> str:
        """The name as a sentence begins with it, `User data`."""
        return " ".join(self.words).capitalize()

    @property
    def data_type(self) -> str:
        """What the workflow's input calls this source, `USER_DATA`."""
        return "_".join(self.words).upper()

    @property
    def summary_type(self) -> str:
        """`dataType` of the summaries of this source alone, `USER_SUMMARY`."""
        return self.activity_type.removesuffix("_ACTIVITY") + "_SUMMARY"

    @property
    def count_attribute(self) -> str:
        """The attribute of a summary that holds this source's count, `userActivityCount`."""
        first, *rest = self.activity_type.lower().split("_")
        return first + "".join(word.capitalize() for word in rest) + "Count"

    @property
    def source_id_attribute(self) -> str:
        """The attribute of an activity that holds the id of the changed item, `sourceUserId`."""
        return "source" + self.id_attribute[0].upper() + self.id_attribute[1:]

    @property
    def processed_by(self) -> str:
        """`processedBy` of its activities, `userDataProcessor`."""
        return self.name[0].lower() + self.name[1:] + "Processor"


SOURCES = (
    StreamSource(
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
    ),
    StreamSource(
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
    ),
)


@dataclass(frozen=True)
class FunctionSpecification:
    """A Lambda function before it is a resource: what it is called, what it runs and what it may use.

    Args:
        logical_id: name in the template, and of its deployment package.
        name_part: the middle of its physical name, `{suffix}-{name_part}-synth`.
        handler_module: module of `handlers` whose `handler` is called.
        service_name: the `service` of its logs, traces and metrics.
        memory_size: in MB.
        timeout: in seconds.
    """

    logical_id: str
    name_part: str
    handler_module: str
    service_name: str
    memory_size: int
    timeout: int

    @property
    def title(self) -> str:
        """The name with its words apart, `User Data Processor`."""
        return " ".join(re.findall(r"[A-Z][a-z0-9]*", self.logical_id))


def stream_processor(source: StreamSource) -> FunctionSpecification:
    """The function that turns a source's stream into activities."""
    return FunctionSpecification(
        logical_id=f"{source.name}Processor",
        name_part=f"{source.name.lower()}proc",
        handler_module="stream_processor",
        service_name=source.service_name,
        memory_size=source.memory_size,
        timeout=source.timeout,
    )


ANALYTICS_PROCESSOR = FunctionSpecification(
    logical_id="AnalyticsProcessor",
    name_part="analyticsproc",
    handler_module="analytics_processor",
    service_name="analytics-processor",
    memory_size=1024,
    timeout=600,
)
DATA_VALIDATOR = FunctionSpecification(
    logical_id="DataValidator",
    name_part="datavalidator",
    handler_module="data_validator",
    service_name="data-validator",
    memory_size=256,
    timeout=120,
)


@dataclass(frozen=True)
class StackConfig:
    """What one stack has and another has not.

    Args:
        suffix: lower case letters, digits and hyphens, starting with a letter; part of every physical name.
        sources: the tables to follow.
        activity_shards: partition keys that one activity type is spread over, and since when; one takes 1,000 writes
            a second (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html).
        activity_retention_days: how long activities are kept after their record was created; None for ever. Summaries
            never expire.
        pages_in_one_invocation: pages of up to 1 MB that the analytics processor reads at most before the workflow
            counts in slices, side by side; with 0 it counts in slices from the start.
        protected_by_settings: whether a suffix is protected that need not be.

    Raises:
        ConfigurationError: when a name made of the suffix would be refused by AWS, for a history of shards that cannot
            be used, and when activities would expire before they are counted for the last time.
    """

    suffix: str = DEFAULT_SUFFIX
    sources: tuple[StreamSource, ...] = field(default=SOURCES)
    activity_shards: ActivityShards = ((FROM_THE_BEGINNING, 1),)
    activity_retention_days: int | None = None
    pages_in_one_invocation: int = PAGES_IN_ONE_INVOCATION
    protected_by_settings: bool = False

    def __post_init__(self) -> None:
        check_activity_shards(self.activity_shards)
        if not re.fullmatch(r"[a-z][a-z0-9-]*", self.suffix):
            raise ConfigurationError(
                f"the suffix {self.suffix!r} cannot be part of a name: "
                "use lower case letters, digits and hyphens, beginning with a letter."
            )
        if (days := self.activity_retention_days) is not None and days < LEAST_RETENTION_DAYS:
            raise ConfigurationError(
                f"activities cannot expire after {days} days, since each day is counted again a day later: "
                f"use at least {LEAST_RETENTION_DAYS} for activity_retention_days."
            )
        role = max((self.name(f"{function.name_part}-role") for function in self.functions), key=len)
        if excess := max(0, len(role) - _LONGEST_ROLE_NAME):
            raise ConfigurationError(
                f"the suffix {self.suffix!r} is too long: the role {role!r} would have {len(role)} characters, "
                f"and {_LONGEST_ROLE_NAME} are allowed; use at most {len(self.suffix) - excess}."
            )

    @property
    def stack_name(self) -> str:
        return f"{STACK_PREFIX}{self.suffix}"

    @property
    def protected(self) -> bool:
        """Whether this stack's data must outlive mistakes: retention, deletion protection, no payloads in logs."""
        return self.protected_by_settings or self.suffix in PROTECTED_SUFFIXES

    @property
    def log_retention_days(self) -> int:
        """How long log groups keep their events; a protected stack's can be asked for a whole quarter."""
        return 90 if self.protected else 14

    @property
    def tags(self) -> dict[str, str]:
        """What tells this project's cost, and this stack's, from other cost of the account."""
        return {"project": STACK_PREFIX, "suffix": self.suffix}

    @property
    def shards_in_force(self) -> int:
        """How many partition keys the activities of each type are written to, once the whole history is in force."""
        return self.activity_shards[-1][1]

    @property
    def functions(self) -> tuple[FunctionSpecification, ...]:
        """Every function of the stack, in the order in which data reaches them."""
        return (*map(stream_processor, self.sources), ANALYTICS_PROCESSOR, DATA_VALIDATOR)

    def name(self, name_part: str) -> str:
        """The physical name of a resource of this stack, `{suffix}-{name_part}-synth`."""
        return f"{self.suffix}-{name_part}-synth"


def suffix_from_environment(environment: Mapping[str, str] = os.environ) -> str:
    """The suffix of the variable ENVIRONMENT_SUFFIX, `dev` without one."""
    return environment.get(SUFFIX_VARIABLE) or DEFAULT_SUFFIX
