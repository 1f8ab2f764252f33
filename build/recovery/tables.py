"""Tables and their backups: restored, counted, backed up and deleted; whatever was begun before is found again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from build.aws import until
from build.deploy.unused_tables import delete_table, described_table
from build.errors import CommandError
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BackupSummaryTypeDef, TableDescriptionTypeDef

_BYTES_OF_A_READ_UNIT = 4_096
"""A strongly consistent read
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)."""


@dataclass(frozen=True)
class Tables:
    """Works on tables and backups, and waits until each is ready.

    Args:
        dynamodb: the client to call with.
        progress: hears what happens.
    """

    dynamodb: "DynamoDBClient"
    progress: Progress

    def described(self, name: str) -> "TableDescriptionTypeDef | None":
        """A table; None when there is none."""
        return described_table(self.dynamodb, name)

    def known(self, name: str, ids: Collection[str | None], backup: str | None) -> "TableDescriptionTypeDef | None":
        """The table of a name, which has to be one of those that are known; None when there is none.

        Args:
            name: of the table.
            ids: the unique ids that are known.
            backup: ARN of the backup whose restored table is known, too, when stopping lost its id.

        Raises:
            CommandError: when another table got the name.
        """
        table = self.described(name)
        if table is None or table["TableId"] in ids:
            return table
        if backup and table.get("RestoreSummary", {}).get("SourceBackupArn") == backup:
            return table
        raise CommandError(
            f"somebody else made a table {name} at {table['CreationDateTime']:%Y-%m-%dT%H:%M:%S%z}, which is neither "
            "the old nor the restored one and was left as it is; save what is needed of it, delete it, and repeat the "
            "command."
        )

    def require_restorable(self, name: str, to: datetime | None) -> None:
        """Find out whether a table can be restored to a time or, when it is gone, to its last state.

        Raises:
            CommandError: when the one is asked for and only the other can be had, or neither.
        """
        if self.described(name) is None:
            if to:
                raise CommandError(
                    f"{name} is gone, and DynamoDB keeps its state before it was deleted and no other; leave out --to.",
                    exit_code=2,
                )
            self.system_backup(name)
        elif to is None:
            raise CommandError(f"{name} is there; say with --to as of when it is to be restored.", exit_code=2)
        else:
            self._require_within_recovery(name, to)

    def _require_within_recovery(self, name: str, to: datetime) -> None:
        answer = self.dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = answer.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            raise CommandError(
                f"point-in-time recovery of {name} is off, so it cannot be restored to a time; `drift` shows what "
                "else was changed by hand."
            )
        earliest, latest = recovery.get("EarliestRestorableDateTime"), recovery.get("LatestRestorableDateTime")
        if earliest and latest and not earliest <= to <= latest:
            raise CommandError(
                f"{name} can be restored to times from {earliest:%Y-%m-%dT%H:%M:%S%z} to "
                f"{latest:%Y-%m-%dT%H:%M:%S%z}; give one of these with --to.",
                exit_code=2,
            )

    def begin_restore_to(self, source: str, target: str, to: datetime) -> None:
        """Begin to restore a table as it was at a time to another name.

        Indexes, capacity and encryption come along; stream, tags, expiry, recovery and protection do not, and no
        stream record is written
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_RestoreTableToPointInTime.html).
        """
        self.dynamodb.restore_table_to_point_in_time(SourceTableName=source, TargetTableName=target, RestoreDateTime=to)

    def begin_restore_from(self, backup: str, target: str) -> str:
        """Begin to restore a backup to a name that is free; the result is the unique id of the table."""
        answer = self.dynamodb.restore_table_from_backup(BackupArn=backup, TargetTableName=target)
        return answer["TableDescription"]["TableId"]

    def wait_for(self, name: str) -> None:
        """Wait until a table is restored."""
        self.progress.step(f"waiting until {name} is restored")
        until(lambda: self._is_active(name) or None, self.progress.waiting)

    def system_backup(self, name: str) -> "BackupSummaryTypeDef":
        """The backup that DynamoDB made when it deleted a table with point-in-time recovery, and keeps for 35 days
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html).

        Raises:
            CommandError: when there is none.
        """
        backups = self.dynamodb.list_backups(TableName=name, BackupType="SYSTEM")["BackupSummaries"]
        if not backups:
            raise CommandError(
                f"{name} is gone, and DynamoDB has no backup of it: it keeps one for 35 days when a table is deleted "
                "whose point-in-time recovery is on; `deploy --revert-drift` makes an empty table."
            )
        return max(backups, key=lambda backup: backup["BackupCreationDateTime"])

    def back_up(self, table: str, name: str) -> str:
        """Make a backup of a table, unless it was made before.

        Args:
            table: that nobody writes to.
            name: of the backup.

        Returns:
            Its ARN.
        """
        made = self._backup(table, name)
        arn = made["BackupArn"] if made else self._new_backup(table, name)
        until(lambda: self._is_available(arn) or None, self.progress.waiting)
        return arn

    def delete_backup(self, table: str, name: str) -> None:
        """Delete the backup of a name, unless there is none."""
        if made := self._backup(table, name):
            self.dynamodb.delete_backup(BackupArn=made["BackupArn"])

    def delete(self, name: str) -> None:
        """Delete a table, a protected one included, and wait until its name is free."""
        delete_table(self.dynamodb, name, self.progress.waiting)

    def count(self, name: str) -> int:
        """How many items a table has, every page read; what that costs is said first."""
        size = self.dynamodb.describe_table(TableName=name)["Table"].get("TableSizeBytes", 0)
        self.progress.step(f"counting the items of {name}, about {size // _BYTES_OF_A_READ_UNIT + 1:,} read units")
        counted = 0
        for page in self.dynamodb.get_paginator("scan").paginate(TableName=name, Select="COUNT", ConsistentRead=True):
            counted += page["Count"]
            self.progress.waiting()
        return counted

    def _is_active(self, name: str) -> bool:
        """DynamoDB says that a table is being created for as long as it is being restored."""
        return self.dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"

    def _backup(self, table: str, name: str) -> "BackupSummaryTypeDef | None":
        pages = self.dynamodb.get_paginator("list_backups").paginate(TableName=table)
        backups = (backup for page in pages for backup in page["BackupSummaries"])
        return next((backup for backup in backups if backup["BackupName"] == name), None)

    def _new_backup(self, table: str, name: str) -> str:
        return self.dynamodb.create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"]

    def _is_available(self, arn: str) -> bool:
        details = self.dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
        return details["BackupStatus"] == "AVAILABLE"
