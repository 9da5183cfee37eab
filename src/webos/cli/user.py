"""`webos user` and `webos role`: accounts from the command line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from webos.auth import Account, AuthService

__all__ = ["register"]

_PasswordFromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    user = typer.Typer(no_args_is_help=True, help="Make and change accounts.")
    user.command("create")(create)
    user.command("list")(list_users)
    user.command("password")(password)
    user.command("disable")(disable)
    user.command("enable")(enable)
    app.add_typer(user, name="user")
    role = typer.Typer(no_args_is_help=True, help="Make and change roles.")
    role.command("set")(set_role)
    role.command("list")(list_roles)
    app.add_typer(role, name="role")


def create(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    *,
    role: Annotated[list[str] | None, typer.Option(help="Name of a role; may be repeated.")] = None,
    grant: Annotated[list[str] | None, typer.Option(help="A permission, or a wildcard such as sales.*.")] = None,
    display_name: Annotated[str, typer.Option(help="Name to show.")] = "",
    superuser: Annotated[bool, typer.Option("--superuser", help="Grant every permission.")] = False,
    password_stdin: _PasswordFromInput = False,
) -> None:
    """Make an account."""

    async def work(auth: "AuthService") -> None:
        if await auth.find_user(name) is not None:
            from webos.auth import UsernameTakenError

            msg = f"the user name {name} is taken"
            raise UsernameTakenError(msg)
        await auth.create_user(
            name,
            _ask_password(from_input=password_stdin),
            display_name=display_name,
            roles=role or (),
            grants=grant or (),
            is_superuser=superuser,
        )
        typer.echo(f"User {name} was created.")

    _run(work)


def list_users() -> None:
    """List all accounts."""

    async def work(auth: "AuthService") -> None:
        rows = [
            (
                account.username,
                account.display_name,
                ", ".join(account.roles),
                "everything" if account.is_superuser else ", ".join(account.grants),
                "disabled" if account.disabled else "",
            )
            for account in await auth.list_users()
        ]
        _print_table(("NAME", "DISPLAY NAME", "ROLES", "GRANTS", "STATE"), rows)

    _run(work)


def password(
    name: Annotated[str, typer.Argument(help="Whose password.")], password_stdin: _PasswordFromInput = False
) -> None:
    """Set a new password and sign the user out everywhere."""

    async def work(auth: "AuthService") -> None:
        account = await _existing(auth, name)
        await auth.set_password(account.id, _ask_password(from_input=password_stdin))
        typer.echo(f"User {account.username} has a new password and was signed out everywhere.")

    _run(work)


def disable(name: Annotated[str, typer.Argument(help="Whom to shut out.")]) -> None:
    """Shut an account out and sign it out everywhere."""

    async def work(auth: "AuthService") -> None:
        account = await _existing(auth, name)
        await auth.set_disabled(account.id, disabled=True)
        typer.echo(f"User {account.username} is disabled and was signed out everywhere.")

    _run(work)


def enable(name: Annotated[str, typer.Argument(help="Whom to let in again.")]) -> None:
    """Let a disabled account in again."""

    async def work(auth: "AuthService") -> None:
        account = await _existing(auth, name)
        await auth.set_disabled(account.id, disabled=False)
        typer.echo(f"User {account.username} is enabled.")

    _run(work)


def set_role(
    name: Annotated[str, typer.Argument(help="Name of the role.")],
    permissions: Annotated[list[str], typer.Argument(help="Permissions and wildcards; they replace the former ones.")],
) -> None:
    """Make a role, or replace what it permits."""

    async def work(auth: "AuthService") -> None:
        role = await auth.set_role(name, permissions)
        typer.echo(f"Role {role.name} permits {', '.join(role.permissions)}.")

    _run(work)


def list_roles() -> None:
    """List all roles."""

    async def work(auth: "AuthService") -> None:
        rows = [(role.name, ", ".join(role.permissions)) for role in await auth.list_roles()]
        _print_table(("NAME", "PERMISSIONS"), rows)

    _run(work)


def _run(work: Callable[["AuthService"], Awaitable[None]]) -> None:
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


async def _existing(auth: "AuthService", name: str) -> "Account":
    from webos.auth import AccountNotFoundError

    account = await auth.find_user(name)
    if account is None:
        msg = f"there is no user {name}"
        raise AccountNotFoundError(msg)
    return account


def _ask_password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
