"""What changes in the database, as it happens: one watcher for each process, many listeners."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loguru import logger
from pymongo.errors import PyMongoError

from webos.data.audit.journal import JOURNAL

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["Change", "ChangeHub"]

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_AWAIT_MS = 1000
_PIPELINE: Sequence[Mapping[str, Any]] = (
    {"$changeStream": {}},
    # Each recorded change would be told twice, and nobody listens to the record.
    {"$match": {"ns.coll": {"$ne": JOURNAL}}},
    {
        "$project": {
            "operationType": 1,
            "ns": 1,
            "documentKey": 1,
            "updateDescription.updatedFields": 1,
            "updateDescription.removedFields": 1,
        }
    },
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one document; or, with no id, that changes may have been missed.

    Attributes:
        collection: Name of the collection; empty where changes of any may have been missed.
        operation: `insert`, `update`, `replace`, `delete`, `restore`, or `resync` after a gap. Marking a document
            as deleted is a `delete`, taking the mark away a `restore`.
        document_id: The document; None for `resync`.
        fields: Top-level fields that an update touched.
    """

    collection: str
    operation: str
    document_id: Any = None
    fields: frozenset[str] = frozenset()


Listener = Callable[[Change], None]


class ChangeHub:
    """Watches a database once and tells every listener of its collection.

    Listeners are called on the event loop and must be quick. After the connection was lost they get a `resync`.

    Args:
        database: The database to watch.
    """

    def __init__(self, database: "AsyncDatabase[dict[str, Any]]") -> None:
        self._database = database
        self._listeners: dict[str, list[Listener]] = {}
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._watched_before = False

    def listen(self, collection: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each change in `collection`, until the returned function is called."""
        self._listeners.setdefault(collection, []).append(listener)

        def stop() -> None:
            listeners = self._listeners.get(collection, [])
            if listener in listeners:
                listeners.remove(listener)

        return stop

    async def start(self) -> None:
        """Begin to watch; returns as soon as changes are seen, however long the database takes to answer."""
        if self._task is None:
            self._ready.clear()
            self._task = asyncio.create_task(self._watch(), name="change watcher")
        try:
            await self._ready.wait()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop watching."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                # Not the driver's `watch`: it goes on from a token by itself. After a crash that cost the server its
                # last changes, the token lies in its future, and the watcher would be deaf until it has caught up.
                async with await self._database.aggregate(list(_PIPELINE), maxAwaitTimeMS=_AWAIT_MS) as cursor:
                    if self._watched_before:
                        self._tell_all()
                    self._watched_before = True
                    self._ready.set()
                    pause = _FIRST_PAUSE
                    async for event in cursor:
                        self._dispatch(event)
            except PyMongoError as error:
                logger.warning("the change watcher lost the database and tries again: {}", type(error).__name__)
            except Exception:  # noqa: BLE001 - a watcher that ends would leave everybody with old data, silently
                logger.exception("the change watcher failed and tries again")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _dispatch(self, event: dict[str, Any]) -> None:
        namespace = event.get("ns") or {}
        collection = namespace.get("coll", "")
        listeners = self._listeners.get(collection)
        if not listeners or "documentKey" not in event:
            return
        update = event.get("updateDescription") or {}
        touched = update.get("updatedFields") or {}
        names = [*touched, *(update.get("removedFields") or ())]
        fields = frozenset(str(name).split(".", 1)[0] for name in names)
        operation = event["operationType"]
        if "deleted_at" in touched:
            operation = "restore" if touched["deleted_at"] is None else "delete"
        self._tell(listeners, Change(collection, operation, event["documentKey"].get("_id"), fields))

    def _tell_all(self) -> None:
        for collection, listeners in list(self._listeners.items()):
            self._tell(listeners, Change(collection, "resync"))

    def _tell(self, listeners: list[Listener], change: Change) -> None:
        for listener in list(listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - one listener must not silence the others
                logger.exception("a listener for changes in {} failed", change.collection)
