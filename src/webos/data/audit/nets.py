"""What a change-set has made of each document, read some hundred documents at a time, the last changed first."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bson import ObjectId

from webos.data.audit.applied import key_of
from webos.data.audit.journal import Journal
from webos.data.audit.operations import LASTING
from webos.data.audit.sameness import ABSENT
from webos.data.audit.search import true_parts

__all__ = ["Extent", "Net", "NetPart", "measure", "read_nets"]

Row = dict[str, Any]
_Rank = tuple[datetime, ObjectId]

_AT_ONCE = 500
_ENTRIES_A_REPLY = 50
_NOT_KEPT = {"secret": "A secret was changed; its old value is not kept.", "cut": "A value was too big to be kept."}


@dataclass(slots=True)
class Net:
    """What a change-set has made of one document, all its changes taken together.

    Attributes:
        identity: Id of the document.
        first: What was done first.
        last: What was done last.
        revision: The revision after the last change.
        old: Values before, by field; `ABSENT` where there was none.
        new: Values after; missing where not known.
        lost: Why values before are not known.
    """

    identity: Any
    first: str
    last: str
    revision: int
    old: Row = field(default_factory=dict)
    new: Row = field(default_factory=dict)
    lost: str = ""

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add a later change."""
        self.last, self.revision = entry["operation"], entry["revision"]
        for name, change in entry.get("changes", {}).items():
            reason = next((text for kind, text in _NOT_KEPT.items() if kind in change), "")
            self.lost = self.lost or reason
            self.old.setdefault(name, change.get("old", ABSENT))
            self.new.pop(name, None)
            if "unknown" not in change:
                self.new[name] = change.get("new", ABSENT)

    @property
    def made_live(self) -> bool:
        """Whether the document was not there before."""
        return self.first in {"insert", "restore"}


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a change-set has changed.

    Attributes:
        documents: How many documents, by collection.
        label: What people call it.
    """

    documents: Mapping[str, int]
    label: str


@dataclass(frozen=True, slots=True)
class NetPart:
    """Some hundred documents of one collection.

    Attributes:
        collection: Its name.
        documents: How many the entries name.
        nets: Those for which the change really happened.
    """

    collection: str
    documents: int
    nets: list[Net]


async def measure(journal: Journal, identity: str) -> Extent:
    """Let the server count what a change-set has changed.

    Args:
        journal: The entries.
        identity: The change-set.
    """
    # Apart, for some servers use an index only if it covers the whole condition.
    stages: list[Row] = [
        {"$match": {"change_set": identity}},
        {"$match": {"operation": {"$nin": sorted(LASTING)}}},
        {"$unwind": "$documents"},
        {"$group": {"_id": {"collection": "$collection", "document": "$documents"}, "label": {"$max": "$label"}}},
        {"$group": {"_id": "$_id.collection", "documents": {"$sum": 1}, "label": {"$max": "$label"}}},
    ]
    counted = await (await journal.entries.aggregate(stages, allowDiskUse=True)).to_list()
    label = next((row["label"] for row in counted if row["label"]), "")
    return Extent({row["_id"]: row["documents"] for row in counted}, label)


async def read_nets(journal: Journal, identity: str, collections: Collection[str]) -> AsyncIterator[NetPart]:
    """Yield what a change-set has made of documents, each document once, the last changed first.

    What is added to the change-set meanwhile is no part of it.

    Args:
        journal: The entries.
        identity: The change-set.
        collections: Names of the collections to look at.
    """
    top: _Rank | None = None
    async for batch in _batches(journal, identity):
        newest = _rank(batch[0])
        top = top or newest
        wanted: dict[str, Row] = {}
        for entry in batch:
            if entry["collection"] in collections:
                known = wanted.setdefault(entry["collection"], {})
                known |= {key_of(each): each for each in entry["documents"]}
        for collection, documents in wanted.items():
            for part in _parts(documents):
                yield await _read_part(journal, identity, collection, part, (newest, top))


async def _batches(journal: Journal, identity: str) -> AsyncIterator[list[Row]]:
    """Yield entries without their values, the latest first, together about as many documents as are read at once."""
    fields = {"collection": 1, "documents": 1, "operation": 1, "at": 1}
    newest_first = [("at", -1), ("_id", -1)]
    batch: list[Row] = []
    documents = 0
    async with journal.entries.find(
        {"change_set": identity}, fields, sort=newest_first, batch_size=_ENTRIES_A_REPLY, allow_disk_use=True
    ) as cursor:
        async for entry in cursor:
            if entry["operation"] in LASTING:
                continue
            batch.append(entry)
            documents += len(entry["documents"])
            if documents >= _AT_ONCE:
                yield batch
                batch, documents = [], 0
    if batch:
        yield batch


async def _read_part(
    journal: Journal, identity: str, collection: str, wanted: Row, ranks: tuple[_Rank, _Rank]
) -> NetPart:
    newest, top = ranks
    before: set[Any] = set()
    mine: list[Row] = []
    # By document alone: for that there is an index, and what other change-sets did is dropped as it comes.
    query = {"collection": collection, "documents": {"$in": list(wanted.values())}}
    async for entry in journal.entries.find(query, batch_size=_ENTRIES_A_REPLY * 4):
        if entry.get("change_set") != identity or entry["operation"] in LASTING or _rank(entry) > top:
            continue
        own = [each for each in entry["documents"] if key_of(each) in wanted]
        if _rank(entry) > newest:
            # An earlier batch has met this entry, and read all of its documents.
            before |= {key_of(each) for each in own}
        mine.append({**entry, "documents": own})
    nets: dict[Any, Net] = {}
    # Of one document, revisions are the order; clocks of several processes need not agree.
    for entry in await true_parts(journal, sorted(mine, key=lambda entry: (entry["revision"], entry["_id"]))):
        for document in entry["documents"]:
            if key_of(document) not in before:
                net = nets.setdefault(key_of(document), Net(document, entry["operation"], "", 0))
                net.add(entry)
    # The last changed first.
    return NetPart(collection, len(wanted) - len(before), [nets[key] for key in wanted if key in nets])


def _rank(entry: Mapping[str, Any]) -> _Rank:
    return entry["at"], entry["_id"]


def _parts(documents: Row) -> Iterator[Row]:
    items = list(documents.items())
    for start in range(0, len(items), _AT_ONCE):
        yield dict(items[start : start + _AT_ONCE])
