"""`webos user reset-factors` and `webos role second-factor`."""

from typing import TYPE_CHECKING, Annotated

import typer

from webos.cli.accounts import existing, run_with_accounts

if TYPE_CHECKING:
    from webos.auth import AuthService

__all__ = ["demand_factor", "reset_factors"]


def reset_factors(name: Annotated[str, typer.Argument(help="Who lost his second factor.")]) -> None:
    """Remove the authenticator app, passkeys and recovery codes of a user and sign him out everywhere."""

    async def work(auth: "AuthService") -> None:
        account = await existing(auth, name)
        await auth.factors.reset(account.id)
        typer.echo(f"User {account.username} has no second factor any more and was signed out everywhere.")

    run_with_accounts(work)


def demand_factor(
    name: Annotated[str, typer.Argument(help="The role.")],
    *,
    optional: Annotated[bool, typer.Option("--optional", help="It is not needed any more.")] = False,
) -> None:
    """Let the users of a role need a second factor; who has none must set one up before anything else."""

    async def work(auth: "AuthService") -> None:
        await auth.demand_factor(name, demanded=not optional)
        typer.echo(f"Users of the role {name} {'may' if optional else 'must'} have a second factor.")

    run_with_accounts(work)
