"""Tasks as they change, for everyone in this process who wants to know."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from loguru import logger
from pymongo.errors import PyMongoError

from webos.data.changes import Change, ChangeHub
from webos.tasks.record import TaskRecord
from webos.tasks.store import TaskStore

__all__ = ["TaskListener", "TaskWatcher"]

TaskListener = Callable[[TaskRecord], None]
"""Called on the event loop with a task that has changed; it must be quick."""

_PAUSE_AFTER_AN_ERROR = 1.0


class TaskWatcher:
    """Reads the tasks that the process's change watcher names, many at once, and hands them to the listeners.

    After a gap in the changes, every task that was not at its end when it was seen last is read again.

    Args:
        store: The task documents.
        changes: The process's change watcher.
    """

    def __init__(self, store: TaskStore, changes: ChangeHub) -> None:
        self._store = store
        self._changes = changes
        self._listeners: dict[TaskListener, UUID | None] = {}
        self._changed: set[str] = set()
        self._unfinished: set[str] = set()
        self._news = asyncio.Event()
        self._ignore: Callable[[], None] | None = None
        self._reader: asyncio.Task[None] | None = None

    def subscribe(self, listener: TaskListener, user_id: UUID | None = None) -> Callable[[], None]:
        """Call `listener` with every task that changes, until the returned function is called.

        Args:
            listener: What to call.
            user_id: Whose tasks; those of all users where None.
        """
        self._listeners[listener] = user_id

        def stop() -> None:
            self._listeners.pop(listener, None)

        return stop

    def start(self) -> None:
        """Begin to watch."""
        self._ignore = self._changes.listen(self._store.collection_name, self._on_change)
        self._reader = asyncio.create_task(self._read(), name="task watcher")

    async def stop(self) -> None:
        """Stop watching."""
        if self._ignore is not None:
            self._ignore()
            self._ignore = None
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._reader = None

    def _on_change(self, change: Change) -> None:
        if change.document_id is None:
            self._changed |= self._unfinished
        else:
            self._changed.add(change.document_id)
        self._news.set()

    async def _read(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            changed, self._changed = self._changed, set()
            if not changed or not self._listeners:
                continue
            try:
                records = await self._store.get_many(changed)
            except PyMongoError as error:
                logger.debug("changed tasks could not be read: {}", type(error).__name__)
                self._changed |= changed
                self._news.set()
                await asyncio.sleep(_PAUSE_AFTER_AN_ERROR)
                continue
            for record in records:
                self._tell(record)

    def _tell(self, record: TaskRecord) -> None:
        if record.state.is_final:
            self._unfinished.discard(record.id)
        else:
            self._unfinished.add(record.id)
        for listener, user_id in list(self._listeners.items()):
            if user_id is None or user_id == record.user_id:
                try:
                    listener(record)
                except Exception:  # noqa: BLE001 - one listener must not silence the others
                    logger.exception("a listener for tasks failed")
