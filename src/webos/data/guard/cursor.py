"""A cursor that is opened at its first use, as whoever uses it then, and serves nobody else afterwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from webos.data.guard.grant_scope import current_grant
from webos.data.guard.refusal import GuardRefusalError
from webos.data.scope import acting_user, in_system_context

if TYPE_CHECKING:
    from pymongo.asynchronous.command_cursor import AsyncCommandCursor
    from pymongo.asynchronous.cursor import AsyncCursor

    DriverCursor = AsyncCursor["Row"] | AsyncCommandCursor["Row"]

__all__ = ["GuardedCursor", "Reader", "current_reader", "demand_reader"]

Row = dict[str, Any]
Reader = tuple[bool, UUID, bool, str | None]


def current_reader() -> Reader:
    """Return what decides what is seen now: the system context, the user, whether he sees all, and a granted read.

    Raises:
        NotSignedInError: Nobody acts.
    """
    user = acting_user()
    grant = current_grant()
    return in_system_context(), user.id, user.is_superuser, None if grant is None else grant.consumer


def demand_reader(reader: Reader) -> None:
    """Refuse to go on reading for somebody else.

    Args:
        reader: For whom the reading began.

    Raises:
        GuardRefusalError: Another one acts now.
    """
    if current_reader() != reader:
        msg = "a cursor was opened by one user and read by another"
        raise GuardRefusalError(msg)


class GuardedCursor:
    """The part of the driver's cursors that reads.

    Args:
        open_cursor: Applies the rules and opens the driver's cursor.
    """

    __slots__ = ("_cursor", "_open", "_reader")

    def __init__(self, open_cursor: "Callable[[], DriverCursor]") -> None:
        self._open = open_cursor
        self._cursor: DriverCursor | None = None
        self._reader: Reader | None = None

    @classmethod
    def opened(cls, cursor: "DriverCursor", reader: Reader) -> Self:
        """Return a cursor around one that is open already.

        Args:
            cursor: The driver's cursor.
            reader: For whom it was opened.
        """
        guarded = cls(lambda: cursor)
        guarded._cursor, guarded._reader = cursor, reader
        return guarded

    def _checked(self) -> "DriverCursor":
        if self._cursor is None or self._reader is None:
            reader = current_reader()
            self._cursor = self._open()
            self._reader = reader
        else:
            demand_reader(self._reader)
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
