"""What other processes do to accounts and sessions counts here at once, in open pages too."""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger

from webos.auth.resolver import SessionResolver
from webos.data.changes import Change, ChangeHub

__all__ = ["IdentityWatcher"]

_SECRETS = ("webos_sessions", "webos_api_keys")
_USERS = "webos_users"
_ROLES = "webos_roles"
_ENDING = frozenset({"delete", "resync"})
_PAUSE_SECONDS = 1.0


class IdentityWatcher:
    """Forgets what was remembered of a user or session as soon as it changes, and has the tabs of ended sessions closed.

    Args:
        sessions: What is remembered.
        changes: The process's change watcher.
        close_ended: Closes the tabs whose session has ended.
    """

    def __init__(
        self, sessions: SessionResolver, changes: ChangeHub, close_ended: Callable[[], Awaitable[object]]
    ) -> None:
        self._sessions = sessions
        self._changes = changes
        self._close_ended = close_ended
        self._ended = asyncio.Event()
        self._stops: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        listeners = {**dict.fromkeys(_SECRETS, self._on_secret), _USERS: self._on_user, _ROLES: self._on_role}
        self._stops = [self._changes.listen(collection, listener) for collection, listener in listeners.items()]
        self._task = asyncio.create_task(self._close(), name="close the tabs of ended sessions")

    async def stop(self) -> None:
        """Stop watching."""
        for stop in self._stops:
            stop()
        self._stops = []
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _on_secret(self, change: Change) -> None:
        if change.operation not in _ENDING:
            # A session that was used, or a new one: nothing that was remembered is wrong.
            return
        if change.document_id is None:
            self._sessions.forget_all()
        else:
            self._sessions.forget_key(change.document_id)
        self._ended.set()

    def _on_user(self, change: Change) -> None:
        if change.document_id is None:
            self._sessions.forget_all()
        else:
            self._sessions.forget_user(change.document_id)
        self._ended.set()

    def _on_role(self, _change: Change) -> None:
        self._sessions.forget_all()

    async def _close(self) -> None:
        while True:
            await self._ended.wait()
            self._ended.clear()
            try:
                await self._close_ended()
            except Exception:  # noqa: BLE001 - a tab that could not be closed now is tried again, and executes nothing
                logger.exception("the tabs of ended sessions could not be closed")
                await asyncio.sleep(_PAUSE_SECONDS)
                self._ended.set()
