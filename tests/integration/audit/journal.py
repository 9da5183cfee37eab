"""Reading the journal in tests, past all rules."""

from typing import Any

from webos.data.audit.applied import READING
from webos.data.audit.journal import JOURNAL
from webos.data.connection import Connection

__all__ = ["brief", "entries", "stored_row"]

Row = dict[str, Any]


async def entries(mongo: Connection, **query: Any) -> list[Row]:
    """Return the entries, in the order they were written."""
    return await mongo.raw[JOURNAL].find(query, sort=[("_id", 1)]).to_list()


def brief(entry: Row) -> tuple[str, int, dict[str, tuple[Any, Any]]]:
    """Return operation, revision and changed values of an entry."""
    changes = {name: (change.get("old"), change.get("new")) for name, change in entry.get("changes", {}).items()}
    return entry["operation"], entry["revision"], changes


async def stored_row(mongo: Connection, collection: str, **query: Any) -> Row:
    """Return the stored document that matches, whatever its state."""
    row = await mongo.raw[collection].find_one(query, comment=READING)
    assert row is not None
    return row
