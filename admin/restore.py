"""Restore the money tables of a deployed stack to one second, into new tables: `python -m admin.restore`.

Settings: STACK; AT, a time with its offset from UTC, such as 2026-11-25T14:00:00Z. The stack's own tables stay as they
are. What is printed puts the restored ones into service, and takes them out of it again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from admin.load import StackError, table_names
from local import settings, template
from paidline.management.verification import verify

_POLL_S = 5
_MAX_POLLS = 12 * 60


def main() -> int:
    """Restore with the AWS credentials and region of the environment, and return the exit code."""
    try:
        stack = settings.required("STACK", "the deployed stack")
        moment = read_moment(settings.required("AT", "the second to restore, such as 2026-11-25T14:00:00Z"))
        session: Any = botocore.session.get_session()
        client = session.create_client("dynamodb")
        names = table_names(session.create_client("cloudformation"), stack, template.read())
        prefix = f"{stack}-restored-{moment:%Y%m%dT%H%M%S}"
        restored = restore(client, money_tables(names), prefix, moment)
    except (settings.SettingError, StackError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 2
    found = verify(client, {**names, **restored})
    print(f"{found.wallets} wallets, {found.entries} ledger entries, {found.tokens} tokens")
    print("\n".join([*map(str, found.problems), f"{len(found.problems)} problems"]))
    print(f"To use them: make deploy STACK={stack} PARAMETERS=RestoredTables={prefix}")
    return 1 if found.problems else 0


def read_moment(text: str) -> datetime:
    """Read a time with an offset. Raises SettingError for any other: a time without one means several seconds."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise settings.SettingError(f"AT is {text!r}, which is not a time such as 2026-11-25T14:00:00Z.") from error
    if moment.tzinfo is None:
        raise settings.SettingError(f"AT is {text!r}, which has no offset from UTC: add Z or, for example, +01:00.")
    return moment


def money_tables(names: Mapping[str, str]) -> dict[str, tuple[str, template.Table]]:
    """Return the tables that belong together, by environment variable: the name in use, and how they are declared.

    They are those for which template.yaml lets a restored table take the place of the stack's own.
    """
    variables = template.load()["Globals"]["Function"]["Environment"]["Variables"]
    declared = {table.logical_id: table for table in template.read().tables}
    return {
        variable: (names[variable], declared[value["If"][2]["Ref"]])
        for variable, value in variables.items()
        if isinstance(value, dict) and value.get("If", [""])[0] == "UsesRestoredTables"
    }


def restore(
    client: Any, tables: Mapping[str, tuple[str, template.Table]], prefix: str, moment: datetime
) -> dict[str, str]:
    """Restore tables to one second, and return their new names by environment variable.

    A restored table has lost its recovery, expiry and protection; it gets them back here.
    """
    restored = {variable: f"{prefix}-{table.logical_id}" for variable, (_, table) in tables.items()}
    # All are started before the first is waited for: they are restored at the same time.
    for variable, (source, _) in tables.items():
        client.restore_table_to_point_in_time(
            SourceTableName=source, TargetTableName=restored[variable], RestoreDateTime=moment
        )
    for variable, (_, table) in tables.items():
        name = restored[variable]
        client.get_waiter("table_exists").wait(
            TableName=name, WaiterConfig={"Delay": _POLL_S, "MaxAttempts": _MAX_POLLS}
        )
        client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        client.update_table(TableName=name, DeletionProtectionEnabled=True)
        if table.ttl_attribute:
            client.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"AttributeName": table.ttl_attribute, "Enabled": True},
            )
    return restored


if __name__ == "__main__":
    sys.exit(main())
