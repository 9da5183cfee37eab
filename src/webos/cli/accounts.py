"""What the commands about accounts share: the service on the database of the settings, and their output."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from webos.auth import Account, AuthService

__all__ = ["existing", "print_table", "run_with_accounts"]


def run_with_accounts(work: Callable[["AuthService"], Awaitable[None]]) -> None:
    """Call `work` with the accounts of the running instance, or of one whose database is started for it.

    Raises:
        InvalidInputError: As `work` raised it, with a line for each field.
    """
    from webos.kernel.errors import InvalidInputError

    async def in_service() -> None:
        async with _auth_service() as auth:
            await work(auth)

    try:
        asyncio.run(in_service())
    except InvalidInputError as error:
        # On a form each message stands at its field; here one line has to say both.
        lines = [f"{field.replace('_', ' ')}: {text}" for field, text in error.fields.items()]
        raise InvalidInputError("\n".join(lines) or str(error)) from None


async def existing(auth: "AuthService", name: str) -> "Account":
    """Return the account with a user name.

    Raises:
        AccountNotFoundError: There is none.
    """
    from webos.auth import AccountNotFoundError

    account = await auth.find_user(name)
    if account is None:
        msg = f"there is no user {name}"
        raise AccountNotFoundError(msg)
    return account


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows under a head, each column as wide as it has to be."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@asynccontextmanager
async def _auth_service() -> AsyncIterator["AuthService"]:
    from webos.auth import AuthService
    from webos.kernel.log import configure_logging
    from webos.kernel.settings import load_settings
    from webos.server.access import open_database

    settings = load_settings()
    configure_logging("WARNING")
    async with open_database(settings, purpose="webos user") as connection:
        auth = AuthService(connection, settings)
        await auth.start()
        yield auth
