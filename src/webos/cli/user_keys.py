"""`webos user key`: API keys from the command line."""

from typing import TYPE_CHECKING, Annotated

import typer

from webos.cli.accounts import existing, print_table, run_with_accounts

if TYPE_CHECKING:
    from webos.auth import AuthService

__all__ = ["key_commands"]


def key_commands() -> typer.Typer:
    """Return the commands."""
    keys = typer.Typer(no_args_is_help=True, help="Make and revoke API keys.")
    keys.command("create")(create_key)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke_key)
    return keys


def create_key(
    name: Annotated[str, typer.Argument(help="Who acts with the key: a person or a service account.")],
    scopes: Annotated[list[str], typer.Argument(help="Permissions and wildcards the key is limited to.")],
    *,
    label: Annotated[str, typer.Option(help="What the key is for.")] = "command line",
    days: Annotated[int, typer.Option(help="Days until the key ends; 0 for never.")] = 90,
) -> None:
    """Make an API key and print it, this once."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        secret, made = await auth.keys.create(account.id, label, scopes, days=days or None)
        typer.echo(f"Key {made.id} of {account.username}, limited to {', '.join(made.scopes)}:", err=True)
        typer.echo(secret)
        typer.echo("It is shown only now.", err=True)

    run_with_accounts(work)


def list_keys(name: Annotated[str, typer.Argument(help="Whose keys.")]) -> None:
    """List the API keys of a user."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        rows = [
            (
                key.id,
                key.name,
                f"{key.start}...",
                ", ".join(key.scopes),
                f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never",
                f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never",
            )
            for key in await auth.keys.of_user(account.id)
        ]
        print_table(("ID", "FOR", "KEY", "LIMITED TO", "ENDS", "LAST USED"), rows)

    run_with_accounts(work)


def revoke_key(key_id: Annotated[str, typer.Argument(help="Id of the key, as the list shows it.")]) -> None:
    """End an API key at once."""

    async def work(auth: "AuthService") -> None:
        revoked = await auth.keys.revoke(key_id)
        typer.echo(f"Key {revoked.id} ({revoked.name}) was revoked.")

    run_with_accounts(work)
