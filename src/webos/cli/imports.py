"""`webos data imports` and `webos data undo`: the imports there were, and taking one back."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from webos.data.audit.records import UndoReport

__all__ = ["list_imports", "undo_import"]

_SHOWN = 20

_User = Annotated[str, typer.Option(help="As whom; the first administrator by default.")]


def list_imports(
    *, limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20, user: _User = ""
) -> None:
    """List the imports of a user, the newest first: id, when, state, counts, model and file."""
    asyncio.run(_list(limit, user))


def undo_import(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Id of the import, as `webos data imports` says.")],
    *,
    user: _User = "",
) -> None:
    """Take an import back: what it made is deleted, what it changed gets its old values, unless it was changed since."""
    raise typer.Exit(asyncio.run(_undo(identity, user)))


async def _list(limit: int, user: str) -> None:
    from webos.cli.transfer import acting, application
    from webos.kernel.context import acting_as

    async with application("data imports") as (app, _):
        with acting_as(await acting(app, user)):
            records = await app.transfers.list_own(limit)
    for each in records:
        counts = each.counts
        typer.echo(
            f"{each.id}  {each.created_at:%Y-%m-%d %H:%M}Z  {each.state.value:<9}  {counts.inserted:,} inserted, "
            f"{counts.updated:,} updated, {counts.failed:,} failed  {each.model}  {each.filename}"
        )
    if not records:
        typer.echo("There are no imports.")


async def _undo(identity: str, user: str) -> int:
    from webos.cli.transfer import acting, application
    from webos.kernel.context import acting_as

    async with application("data undo") as (app, _):
        with acting_as(await acting(app, user)):
            return _show(await app.transfers.undo(identity))


def _show(report: "UndoReport") -> int:
    typer.echo(f"{report.undone:,} records have their old values or are deleted again.")
    for conflict in report.conflicts[:_SHOWN]:
        typer.echo(f"{conflict.model} {conflict.document}: {conflict.reason}", err=True)
    left = len(report.conflicts) + report.skipped
    if left:
        typer.echo(f"{left:,} were left alone.", err=True)
    return 1 if left else 0
