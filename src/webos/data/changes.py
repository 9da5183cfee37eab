"""What changes in the database, as it happens: one watcher for each process, many listeners."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loguru import logger
from pymongo.errors import PyMongoError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["Change", "ChangeHub"]

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


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

    def listen(self, collection: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each change in `collection`, until the returned function is called."""
        self._listeners.setdefault(collection, []).append(listener)

        def stop() -> None:
            listeners = self._listeners.get(collection, [])
            if listener in listeners:
                listeners.remove(listener)

        return stop

    async def start(self) -> None:
        """Begin to watch; returns as soon as changes are seen."""
        self._task = asyncio.create_task(self._watch(), name="change watcher")
        await self._ready.wait()

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _watch(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                async with await self._database.watch(
                    [
                        {
                            "$project": {
                                "operationType": 1,
                                "ns": 1,
                                "documentKey": 1,
                                "updateDescription.updatedFields": 1,
                                "updateDescription.removedFields": 1,
                            }
                        }
                    ],
                    max_await_time_ms=1000,
                ) as stream:
                    if self._ready.is_set():
                        self._tell_all()
                    self._ready.set()
                    pause = _FIRST_PAUSE
                    async for event in stream:
                        self._dispatch(event)
            except PyMongoError as error:
                # No resume token is kept: one from before a crash of the server may be refused for ever.
                logger.warning("the change watcher lost the database and tries again: {}", type(error).__name__)
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
        for collection, listeners in self._listeners.items():
            self._tell(listeners, Change(collection, "resync"))

    def _tell(self, listeners: list[Listener], change: Change) -> None:
        for listener in list(listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - one listener must not silence the others
                logger.exception("a listener for changes in {} failed", change.collection)
