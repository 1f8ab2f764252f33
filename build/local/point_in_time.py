"""A double of DynamoDB's point-in-time recovery, in front of the emulator and over its public API.

The emulator restores a table as it is now, keeps nothing of one that is deleted, and its CloudFormation ignores
PointInTimeRecoverySpecification. The double restores what a table was at a moment that was marked, by the rules of
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html, and makes the
backup that a deleted table leaves behind
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html).
Backups, restores of them and resource imports are the emulator's own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_Answer = tuple[SimpleNamespace, dict[str, Any]]
"""What botocore takes for an HTTP response and its content."""


@dataclass
class PointInTimeRecovery:
    """Remembers tables as they were.

    Args:
        dynamodb: a client of the emulator itself.
        moments: of each table, when it was marked and the backup made then, oldest first.
        deleted: the backup that a deleted table left.
    """

    dynamodb: "DynamoDBClient"
    moments: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    deleted: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def switch_on(self, table: str) -> None:
        """Switch a table's recovery on, as CloudFormation would by its template."""
        self.dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )

    def mark(self, table: str) -> datetime:
        """Remember a table as it is; the result is the second to which it can be restored."""
        arn = self._backup(table)["BackupArn"]
        moment = datetime.now(UTC).replace(microsecond=0)
        self.moments.setdefault(table, []).append((moment, arn))
        return moment

    def restore_table_to_point_in_time(self, parameters: Mapping[str, Any]) -> _Answer:
        """RestoreTableToPointInTime."""
        source, target, to = (parameters[name] for name in ("SourceTableName", "TargetTableName", "RestoreDateTime"))
        if source not in self._tables():
            return _refused("TableNotFoundException", f"Table not found: {source}")
        if not self._is_recoverable(source):
            return _refused("PointInTimeRecoveryUnavailableException", f"Point in time recovery is off for {source}")
        if target in self._tables():
            return _refused("TableAlreadyExistsException", f"Table already exists: {target}")
        moments = self.moments.get(source, [])
        earlier = [arn for moment, arn in moments if moment <= to]
        if not earlier or to > moments[-1][0]:
            return _refused("InvalidRestoreTimeException", "The time is not one to which the table can be restored")
        answer = self.dynamodb.restore_table_from_backup(BackupArn=earlier[-1], TargetTableName=target)
        return _answered({"TableDescription": answer["TableDescription"]})

    def describe_continuous_backups(self, parameters: Mapping[str, Any]) -> _Answer | None:
        """DescribeContinuousBackups: recovery reaches from the first moment to the last."""
        table = parameters["TableName"]
        if not (self.moments.get(table) and table in self._tables() and self._is_recoverable(table)):
            return None
        moments = [moment for moment, _ in self.moments[table]]
        window = {"EarliestRestorableDateTime": moments[0], "LatestRestorableDateTime": moments[-1]}
        recovery = {"PointInTimeRecoveryStatus": "ENABLED", **window}
        described = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        return _answered({"ContinuousBackupsDescription": described})

    def delete_table(self, parameters: Mapping[str, Any]) -> None:
        """DeleteTable, which backs up a table with point-in-time recovery; no other time of it remains."""
        table = parameters["TableName"]
        if table not in self._tables() or self._is_protected(table):
            return
        if self._is_recoverable(table):
            self.deleted[table] = self._backup(table)
        self.moments.pop(table, None)

    def list_backups(self, parameters: Mapping[str, Any]) -> _Answer | None:
        """ListBackups of the type SYSTEM."""
        if parameters.get("BackupType") != "SYSTEM":
            return None
        backup = self.deleted.get(parameters["TableName"])
        return _answered({"BackupSummaries": [backup] if backup else []})

    def _backup(self, table: str) -> Mapping[str, Any]:
        return self.dynamodb.create_backup(TableName=table, BackupName="point-in-time")["BackupDetails"]

    def _tables(self) -> list[str]:
        return [name for page in self.dynamodb.get_paginator("list_tables").paginate() for name in page["TableNames"]]

    def _is_recoverable(self, table: str) -> bool:
        found = self.dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        return found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"

    def _is_protected(self, table: str) -> bool:
        return self.dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled", False)


def _answered(content: dict[str, Any]) -> _Answer:
    return SimpleNamespace(status_code=200), {**content, "ResponseMetadata": {"HTTPStatusCode": 200}}


def _refused(code: str, message: str) -> _Answer:
    error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return SimpleNamespace(status_code=400), error


_SERVED: Mapping[str, Callable[[PointInTimeRecovery, Mapping[str, Any]], _Answer | None]] = {
    "RestoreTableToPointInTime": PointInTimeRecovery.restore_table_to_point_in_time,
    "DescribeContinuousBackups": PointInTimeRecovery.describe_continuous_backups,
    "DeleteTable": PointInTimeRecovery.delete_table,
    "ListBackups": PointInTimeRecovery.list_backups,
}


@contextmanager
def point_in_time_recovery(dynamodb: "DynamoDBClient") -> Iterator[PointInTimeRecovery]:
    """The double, which answers the calls of every session that is opened in the block."""
    double = PointInTimeRecovery(dynamodb)

    def remember(**call: Any) -> None:
        call["context"]["parameters"] = call["params"]

    def serve(**call: Any) -> _Answer | None:
        return _SERVED[call["model"].name](double, call["context"]["parameters"])

    def watch(session: Session) -> None:
        for operation in _SERVED:
            session.register(f"before-parameter-build.dynamodb.{operation}", remember)
            session.get_component("event_emitter").register(f"before-call.dynamodb.{operation}", serve)

    botocore.register_initializer(watch)
    try:
        yield double
    finally:
        botocore.unregister_initializer(watch)
