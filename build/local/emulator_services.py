"""What MiniStack's services lack of AWS's, in its own process: the metrics that they publish, and a limit of
writes.

Each part replaces functions of the MiniStack that the lock pins; the tests of this module hold it to what AWS
documents.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from build.local.embedded_metrics import embedded_values
from build.monitoring.evaluation import Metric

_Properties = dict[str, Any]
_Answer = tuple[int, dict[str, str], bytes]
_EXECUTION_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_BYTES_OF_A_WRITE_UNIT = 1024
_SECONDS_BETWEEN_COUNTS = 1


def complete_services() -> None:
    """Replace what differs, before MiniStack answers its first request."""
    cloudwatch = _service("cloudwatch")
    _leave_alarms_to_others(cloudwatch)
    _count_invocations(cloudwatch)
    _count_executions(cloudwatch)
    _count_rules(cloudwatch)
    _extract_embedded_metrics(cloudwatch)
    _limit_writes(cloudwatch)
    threading.Thread(target=_count_messages, args=(cloudwatch,), daemon=True).start()
    setattr(_service("lambda_svc"), "_poll_dynamodb_streams", lambda: False)


def _service(name: str) -> Any:
    return import_module(f"ministack.services.{name}")


def _leave_alarms_to_others(cloudwatch: Any) -> None:
    """MiniStack evaluates metric alarms without regard to their dimensions: only SetAlarmState changes them here."""
    cloudwatch._evaluate_alarm = lambda alarm: None


def _count_invocations(cloudwatch: Any) -> None:
    """Count every invocation once, whoever invoked; MiniStack counts those through the API alone, throttled ones twice.

    A throttled invocation is none (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html).
    """
    functions = _service("lambda_svc")
    dispatch, acquire = functions._execute_function_dispatch, functions._acquire_execution_slot

    def record(configuration: _Properties, name: str, value: float, unit: str = "Count") -> None:
        dimensions = {"FunctionName": configuration["FunctionName"]}
        cloudwatch.record_metric("AWS/Lambda", name, value, unit, dimensions)

    def dispatch_and_count(function: Any, configuration: _Properties, event: Any, request: str, started: float) -> Any:
        result = dispatch(function, configuration, event, request, started)
        record(configuration, "Invocations", 1)
        record(configuration, "Errors", 1 if result.get("error") else 0)
        record(configuration, "Throttles", 0)
        record(configuration, "Duration", (time.time() - started) * 1000, "Milliseconds")
        return result

    def acquire_or_count(function: Any, configuration: _Properties) -> Any:
        slot, limit = acquire(function, configuration)
        if slot is None:
            record(configuration, "Throttles", 1)
        return slot, limit

    functions._emit_lambda_metrics = lambda *_, **__: None
    functions._execute_function_dispatch = dispatch_and_count
    functions._acquire_execution_slot = acquire_or_count


def _count_executions(cloudwatch: Any) -> None:
    """Have Step Functions publish an execution's status when it changes.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    """
    workflow = _service("stepfunctions")
    emit = workflow._emit_execution_status_event

    def emit_and_count(execution: _Properties, *arguments: Any) -> Any:
        dimensions = {"StateMachineArn": execution["stateMachineArn"]}
        cloudwatch.record_metric("AWS/States", _EXECUTION_METRICS[execution["status"]], 1, "Count", dimensions)
        return emit(execution, *arguments)

    workflow._emit_execution_status_event = emit_and_count


def _count_rules(cloudwatch: Any) -> None:
    """Have EventBridge publish that a rule was triggered, and whether its target could be invoked.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    events, workflow = _service("eventbridge"), _service("stepfunctions")
    invoke = events._invoke_target

    def invoke_and_count(target: _Properties, event: Any, rule: _Properties, *arguments: Any) -> Any:
        arn = target.get("Arn", "")
        missing = ":states:" in arn and workflow._resolve_state_machine_arn(arn) is None
        for name in ("TriggeredRules", "Invocations", *(["FailedInvocations"] if missing else [])):
            cloudwatch.record_metric("AWS/Events", name, 1, "Count", {"RuleName": rule["Name"]})
        return invoke(target, event, rule, *arguments)

    events._invoke_target = invoke_and_count


def _extract_embedded_metrics(cloudwatch: Any) -> None:
    """Have CloudWatch Logs extract the metrics that log events embed."""
    logs = _service("cloudwatch_logs")
    append = logs._append_log_events

    def append_and_extract(stream: Any, events: list[_Properties]) -> None:
        append(stream, events)
        for event in events:
            for value in embedded_values(event["message"]):
                metric: Metric = value.metric
                cloudwatch._store_datum(
                    metric.namespace,
                    metric.name,
                    dict(metric.dimensions),
                    value.time,
                    value.unit,
                    None,
                    value.values,
                    None,
                    None,
                )

    logs._append_log_events = append_and_extract


def _count_messages(cloudwatch: Any) -> None:
    """Have SQS publish how many messages each queue holds, every second as it does every minute on AWS.

    Source: "Available CloudWatch metrics for Amazon SQS" in
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
    """
    sqs = _service("sqs")
    while True:
        time.sleep(_SECONDS_BETWEEN_COUNTS)
        for queue in list(sqs._queues.values()):
            with sqs._queues_lock:
                sqs._refresh_counts(queue)
            count = float(queue["attributes"]["ApproximateNumberOfMessages"])
            dimensions = {"QueueName": queue["name"]}
            cloudwatch.record_metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", count, "Count", dimensions)


def _limit_writes(cloudwatch: Any) -> None:
    """Have DynamoDB throttle what exceeds the MaxWriteRequestUnits of an on-demand table."""
    dynamodb = _service("dynamodb")
    limit = _WriteLimit(dynamodb, cloudwatch, dynamodb._batch_write_item)
    dynamodb._batch_write_item = limit.batch_write_item


@dataclass
class _WriteLimit:
    """BatchWriteItem on a table with a maximum throughput for on-demand tables.

    What exceeds it is unprocessed, and an exception when that is everything; each is a throttle event of its own.
    Sources, in https://docs.aws.amazon.com/amazondynamodb/latest/: developerguide/metrics-dimensions.html,
    developerguide/on-demand-capacity-mode-max-throughput.html, APIReference/API_BatchWriteItem.html
    """

    dynamodb: Any
    cloudwatch: Any
    write: Callable[[_Properties], _Answer]
    used: dict[str, tuple[int, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def batch_write_item(self, request: _Properties) -> _Answer:
        """The operation, with the signature that MiniStack calls."""
        requests = request.get("RequestItems") or {}
        throttled = {table: rest for table, own in requests.items() if (rest := self._beyond_limit(table, own))}
        if not throttled:
            return self.write(request)
        accepted = {
            table: kept
            for table, own in requests.items()
            if (kept := [each for each in own if each not in throttled.get(table, ())])
        }
        if not accepted:
            return self._refusal()
        status, headers, body = self.write({**request, "RequestItems": accepted})
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        answer["UnprocessedItems"] = {**answer.get("UnprocessedItems", {}), **throttled}
        return status, headers, json.dumps(answer).encode()

    def _beyond_limit(self, name: str, requests: list[_Properties]) -> list[_Properties]:
        table = self.dynamodb._tables.get(self.dynamodb._normalize_table_name(name)) or {}
        most = table.get("OnDemandThroughput", {}).get("MaxWriteRequestUnits", -1)
        if most < 0:
            return []
        with self.lock:
            throttled = [request for request in requests if not self._fits(name, most, request)]
        if throttled:
            self.cloudwatch.record_metric(
                "AWS/DynamoDB", "WriteThrottleEvents", len(throttled), "Count", {"TableName": name}
            )
        return throttled

    def _fits(self, name: str, most: int, request: _Properties) -> bool:
        """Whether this second has room for a request; an item's size is taken to be that of its JSON."""
        now = int(time.time())
        second, used = self.used.get(name, (now, 0))
        units = -(-len(json.dumps(request)) // _BYTES_OF_A_WRITE_UNIT) + (used if second == now else 0)
        if units > most:
            return False
        self.used[name] = (now, units)
        return True

    def _refusal(self) -> _Answer:
        sentence = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
        answer: _Answer = self.dynamodb.error_response_json("ProvisionedThroughputExceededException", sentence, 400)
        return answer
