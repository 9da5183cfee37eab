"""A cursor that is opened at its first use, as whoever uses it then, and serves nobody else afterwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import acting_user, in_system_context

if TYPE_CHECKING:
    from pymongo.asynchronous.cursor import AsyncCursor

__all__ = ["GuardedCursor"]

Row = dict[str, Any]


class GuardedCursor:
    """The part of the driver's cursor that reads.

    Args:
        open_cursor: Applies the rules and opens the driver's cursor.
    """

    __slots__ = ("_cursor", "_open", "_reader")

    def __init__(self, open_cursor: "Callable[[], AsyncCursor[Row]]") -> None:
        self._open = open_cursor
        self._cursor: AsyncCursor[Row] | None = None
        self._reader: tuple[bool, UUID] | None = None

    def _checked(self) -> "AsyncCursor[Row]":
        reader = (in_system_context(), acting_user().id)
        if self._cursor is None:
            self._cursor = self._open()
            self._reader = reader
        elif reader != self._reader:
            msg = "a cursor was opened by one user and read by another"
            raise GuardRefusalError(msg)
        return self._cursor

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Row:
        return await self._checked().__anext__()

    async def next(self) -> Row:
        """Return the next document.

        Raises:
            StopAsyncIteration: There is none.
        """
        return await self._checked().next()

    async def to_list(self, length: int | None = None) -> list[Row]:
        """Return the next `length` documents, or all that are left."""
        return await self._checked().to_list(length)

    async def close(self) -> None:
        """Free the cursor on the server."""
        if self._cursor is not None:
            await self._cursor.close()
