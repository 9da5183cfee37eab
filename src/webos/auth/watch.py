"""What other processes do to accounts and sessions counts here at once, in open pages too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

from loguru import logger

from webos.auth.resolver import SessionResolver
from webos.auth.sessions import hash_token
from webos.data.changes import Change, ChangeHub

__all__ = ["IdentityWatcher"]

_SECRETS = ("webos_sessions", "webos_api_keys")
_USERS = "webos_users"
_ROLES = ("webos_roles", "webos_groups")
_USES = frozenset({"last_seen_at", "last_used_at", "last_address"})
_PAUSE_SECONDS = 1.0


class OpenTab(Protocol):
    """A browser tab that is open in this process."""

    @property
    def token(self) -> str:
        """The session token its page was loaded with."""

    @property
    def user_id(self) -> UUID:
        """Who loaded the page."""


CloseEnded = Callable[[Callable[[OpenTab], bool]], Awaitable[object]]
"""Closes those of the tabs it is asked about whose session has ended."""


class _Touched:
    """What has changed since tabs were looked at last: other tabs need not be looked at."""

    def __init__(self) -> None:
        self.keys: set[object] = set()
        self.users: set[object] = set()
        self.everything = False

    def concerns(self, tab: OpenTab) -> bool:
        return self.everything or tab.user_id in self.users or hash_token(tab.token) in self.keys


class IdentityWatcher:
    """Forgets what was remembered of a user or session as soon as it changes, and has the tabs of ended sessions closed.

    Args:
        sessions: What is remembered.
        changes: The process's change watcher.
        close_ended: Closes those of the tabs it is asked about whose session has ended.
    """

    def __init__(self, sessions: SessionResolver, changes: ChangeHub, close_ended: CloseEnded) -> None:
        self._sessions = sessions
        self._changes = changes
        self._close_ended = close_ended
        self._ended = asyncio.Event()
        self._touched = _Touched()
        self._stops: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        listeners = {
            **dict.fromkeys(_SECRETS, self._on_secret),
            _USERS: self._on_user,
            **dict.fromkeys(_ROLES, self._on_role),
        }
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
        if change.operation == "insert" or (change.fields and change.fields <= _USES):
            # A new one, or one that was used: nothing that was remembered is wrong.
            return
        if change.document_id is None:
            self._sessions.forget_all()
            self._touched.everything = True
        else:
            self._sessions.forget_key(change.document_id)
            self._touched.keys.add(change.document_id)
        self._ended.set()

    def _on_user(self, change: Change) -> None:
        if change.document_id is None:
            self._sessions.forget_all()
            self._touched.everything = True
        else:
            self._sessions.forget_user(change.document_id)
            self._touched.users.add(change.document_id)
        self._ended.set()

    def _on_role(self, _change: Change) -> None:
        self._sessions.forget_all()

    async def _close(self) -> None:
        while True:
            await self._ended.wait()
            self._ended.clear()
            touched, self._touched = self._touched, _Touched()
            try:
                await self._close_ended(touched.concerns)
            except Exception:  # noqa: BLE001 - a tab that could not be closed now is tried again, and executes nothing
                logger.exception("the tabs of ended sessions could not be closed")
                await asyncio.sleep(_PAUSE_SECONDS)
                self._touched.everything = True
                self._ended.set()
