"""`webos user` and `webos role`: accounts from the command line."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from webos.cli.accounts import existing, print_table, run_with_accounts
from webos.cli.user_factors import demand_factor, reset_factors
from webos.cli.user_keys import key_commands

if TYPE_CHECKING:
    from webos.auth import AuthService

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
    user.command("delete")(delete)
    user.command("sign-out")(sign_out)
    user.command("invite")(invite)
    user.command("reset-link")(reset_link)
    user.command("email")(email)
    user.command("reset-factors")(reset_factors)
    user.add_typer(key_commands(), name="key")
    app.add_typer(user, name="user")
    role = typer.Typer(no_args_is_help=True, help="Make and change roles.")
    role.command("set")(set_role)
    role.command("list")(list_roles)
    role.command("second-factor")(demand_factor)
    app.add_typer(role, name="role")


def create(
    name: Annotated[str, typer.Argument(help="Name to sign in with.")],
    *,
    role: Annotated[list[str] | None, typer.Option(help="Name of a role; may be repeated.")] = None,
    grant: Annotated[list[str] | None, typer.Option(help="A permission, or a wildcard such as sales.*.")] = None,
    display_name: Annotated[str, typer.Option(help="Name to show.")] = "",
    superuser: Annotated[bool, typer.Option("--superuser", help="Grant every permission.")] = False,
    service: Annotated[
        bool, typer.Option("--service", help="For a program: it acts with API keys, and nobody can sign in.")
    ] = False,
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
            None if service else _ask_password(from_input=password_stdin),
            display_name=display_name,
            roles=role or (),
            grants=grant or (),
            is_superuser=superuser,
            is_service=service,
        )
        typer.echo(f"User {name} was created.")

    run_with_accounts(work)


def list_users() -> None:
    """List all accounts."""

    async def work(auth: "AuthService") -> None:
        rows = [
            (
                account.username,
                account.display_name,
                ", ".join(account.roles),
                "everything" if account.is_superuser else ", ".join(account.grants),
                account.email,
                "disabled" if account.disabled else "service" if account.is_service else "",
            )
            for account in await auth.list_users()
        ]
        print_table(("NAME", "DISPLAY NAME", "ROLES", "GRANTS", "E-MAIL", "STATE"), rows)

    run_with_accounts(work)


def password(
    name: Annotated[str, typer.Argument(help="Whose password.")], password_stdin: _PasswordFromInput = False
) -> None:
    """Set a new password and sign the user out everywhere."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        await auth.set_password(account.id, _ask_password(from_input=password_stdin))
        typer.echo(f"User {account.username} has a new password and was signed out everywhere.")

    run_with_accounts(work)


def disable(name: Annotated[str, typer.Argument(help="Whom to shut out.")]) -> None:
    """Shut an account out and sign it out everywhere."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        await auth.set_disabled(account.id, disabled=True)
        typer.echo(f"User {account.username} is disabled and was signed out everywhere.")

    run_with_accounts(work)


def enable(name: Annotated[str, typer.Argument(help="Whom to let in again.")]) -> None:
    """Let a disabled account in again."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        await auth.set_disabled(account.id, disabled=False)
        typer.echo(f"User {account.username} is enabled.")

    run_with_accounts(work)


def delete(
    name: Annotated[str, typer.Argument(help="Whom to delete.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete an account with its sessions and keys; documents it owns are kept, for superusers to see."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        if not yes:
            typer.confirm(f"Delete {account.username}? This cannot be undone.", abort=True)
        await auth.delete_user(account.id)
        typer.echo(f"User {account.username} was deleted. Documents of this user are kept.")

    run_with_accounts(work)


def sign_out(name: Annotated[str, typer.Argument(help="Whom to sign out.")]) -> None:
    """Sign a user out everywhere."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        await auth.end_all_sessions(account.id)
        typer.echo(f"User {account.username} was signed out everywhere.")

    run_with_accounts(work)


def invite(
    address: Annotated[str, typer.Argument(help="E-mail address of the new user.")],
    *,
    role: Annotated[list[str] | None, typer.Option(help="Name of a role; may be repeated.")] = None,
    grant: Annotated[list[str] | None, typer.Option(help="A permission, or a wildcard such as sales.*.")] = None,
    link: Annotated[bool, typer.Option("--link", help="Print the link instead of sending it by mail.")] = False,
) -> None:
    """Invite somebody by mail; without a mail server, print the link to hand over."""

    async def work(auth: "AuthService") -> None:
        by_mail = auth.life.mail_is_set_up and not link
        made = await auth.life.invite(address, roles=role or (), grants=grant or (), by_mail=by_mail)
        if by_mail:
            typer.echo(f"The running server sends the invitation to {address}.")
        else:
            typer.echo(made)
            typer.echo("The link works once, for 7 days.", err=True)

    run_with_accounts(work)


def reset_link(name: Annotated[str, typer.Argument(help="Who forgot his password.")]) -> None:
    """Print a link with which a user can choose a new password."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        typer.echo(await auth.life.reset_link(account.id))
        typer.echo("The link works once, for an hour.", err=True)

    run_with_accounts(work)


def email(
    name: Annotated[str, typer.Argument(help="Whose address.")],
    address: Annotated[str, typer.Argument(help="The address; empty to remove it.")],
) -> None:
    """Set the e-mail address of a user."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        await auth.life.set_email(account, address, verified=False)
        typer.echo(f"Mail to {account.username} goes to {address}." if address else f"{account.username} gets no mail.")

    run_with_accounts(work)


def set_role(
    name: Annotated[str, typer.Argument(help="Name of the role.")],
    permissions: Annotated[list[str], typer.Argument(help="Permissions and wildcards; they replace the former ones.")],
) -> None:
    """Make a role, or replace what it permits."""

    async def work(auth: "AuthService") -> None:
        role = await auth.set_role(name, permissions)
        typer.echo(f"Role {role.name} permits {', '.join(role.permissions)}.")

    run_with_accounts(work)


def list_roles() -> None:
    """List all roles."""

    async def work(auth: "AuthService") -> None:
        rows = [(role.name, ", ".join(role.permissions)) for role in await auth.list_roles()]
        print_table(("NAME", "PERMISSIONS"), rows)

    run_with_accounts(work)


def _ask_password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer
