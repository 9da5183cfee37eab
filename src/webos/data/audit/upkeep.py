"""Keeping the journal in order: indexes, how long entries are kept, and entries whose change never happened."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from loguru import logger
from pymongo import ASCENDING, IndexModel
from pymongo.errors import OperationFailure

from webos.data.audit.applied import READING, key_of
from webos.data.audit.journal import JOURNAL, Journal
from webos.data.audit.scrubbing import scrub
from webos.data.audit.search import true_parts

__all__ = ["keep_swept", "prepare", "sweep"]

Row = dict[str, Any]

_EXPIRY = "expiry"
_SECONDS_A_DAY = 24 * 60 * 60
_INDEXES = (
    ("collection", "documents", "revision"),
    ("at",),
    ("by", "at"),
    ("collection", "at"),
    ("change_set", "at"),
    ("trace_id", "at"),
)
_AT_ONCE = 200
# An entry may be older than its change by as long as a write waits for the database.
_SETTLED = timedelta(minutes=10)
_PAUSE = timedelta(hours=1)
_STATE = "webos.audit_state"
_SWEPT = "swept"


async def prepare(journal: Journal, days: int) -> None:
    """Create the indexes of the journal.

    Args:
        journal: The entries.
        days: How long entries are kept; 0 for ever.
    """
    plain = [IndexModel([(name, ASCENDING) for name in names]) for names in _INDEXES if names != ("at",)]
    await journal.entries.create_indexes(plain)
    known = await journal.entries.index_information()
    wanted = days * _SECONDS_A_DAY if days else None
    for name, index in known.items():
        if index["key"] == [("at", ASCENDING)] and index.get("expireAfterSeconds") != wanted:
            await journal.entries.drop_index(name)
    options: Row = {"expireAfterSeconds": wanted} if wanted is not None else {}
    try:
        await journal.entries.create_indexes([IndexModel([("at", ASCENDING)], name=_EXPIRY, **options)])
    except OperationFailure as error:
        logger.warning("entries in {} are kept longer than wanted: {}", JOURNAL, error)


async def keep_swept(journal: Journal) -> None:
    """Remove entries whose change never happened, again and again; ends only when it is cancelled."""
    while True:
        await asyncio.sleep(_SETTLED.total_seconds())
        state = await journal.documents(_STATE).find_one({"_id": _SWEPT})
        until = datetime.now(UTC) - _SETTLED
        removed = await sweep(journal, since=state["until"] if state is not None else None, until=until)
        await journal.documents(_STATE).update_one({"_id": _SWEPT}, {"$set": {"until": until}}, upsert=True)
        if removed:
            logger.info("{} entries of changes that never happened were removed from {}", removed, JOURNAL)
        await asyncio.sleep(_PAUSE.total_seconds())


async def sweep(journal: Journal, *, since: datetime | None = None, until: datetime) -> int:
    """Remove entries whose change certainly never happened, and finish removals that were cut short; return how many.

    Args:
        journal: The entries.
        since: Look at entries that were written later than this; at all where None.
        until: And not later than this: a younger one may still get its change.
    """
    removed = 0
    lowest = ObjectId.from_datetime(since) if since is not None else None
    while True:
        query: Row = {"_id": {"$lt": ObjectId.from_datetime(until)}}
        if lowest is not None:
            query["_id"]["$gt"] = lowest
        part: list[Row] = await journal.entries.find(query, sort=[("_id", ASCENDING)], limit=_AT_ONCE).to_list()
        if not part:
            return removed
        lowest = part[-1]["_id"]
        # A document that was never inserted is not there to be asked about.
        removed += await _sweep_part(journal, [entry for entry in part if entry["operation"] != "insert"])


async def _sweep_part(journal: Journal, part: list[Row]) -> int:
    true = {entry["_id"]: {key_of(each) for each in entry["documents"]} for entry in await true_parts(journal, part)}
    removed = 0
    for entry in part:
        doubtful = [each for each in entry["documents"] if key_of(each) not in true.get(entry["_id"], ())]
        if doubtful:
            never = {key_of(each) for each in await _never_changed(journal, entry, doubtful)}
            kept = [each for each in entry["documents"] if key_of(each) not in never]
            if len(kept) < len(entry["documents"]):
                await journal.narrow(entry, kept)
                removed += 1
        elif entry["operation"] == "purge":
            for identity in entry["documents"]:
                await scrub(journal, entry["collection"], identity)
    return removed


async def _never_changed(journal: Journal, entry: Row, doubtful: list[Any]) -> list[Any]:
    """Return the documents that are older than an entry says, or that got its revision by another entry."""
    raw = journal.documents(entry["collection"])
    rows = raw.find({"_id": {"$in": doubtful}}, {"revision": 1}, comment=READING)
    older = {key_of(row["_id"]) async for row in rows if (row.get("revision") or 0) < entry["revision"]}
    others = {
        "collection": entry["collection"],
        "documents": {"$in": doubtful},
        "revision": entry["revision"],
        "_id": {"$ne": entry["_id"]},
    }
    rivals = await true_parts(journal, await journal.entries.find(others).to_list())
    changed = {key_of(each) for rival in rivals for each in rival["documents"]}
    return [each for each in doubtful if key_of(each) in older | changed]
