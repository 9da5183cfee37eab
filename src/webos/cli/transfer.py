"""`webos data`: import and export from the command line."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from webos.cli.imports import list_imports, undo_import

if TYPE_CHECKING:
    from webos.data.table import TableQuery
    from webos.data.transfer import ExportOptions, ImportOptions, ImportRecord, ImportReport
    from webos.kernel.settings import Settings
    from webos.server.state import Application

__all__ = ["acting", "application", "register"]

_EXAMPLES = Path("src/modules")
_PIECE = 1024 * 1024
_INTERRUPTED = 130
_SHOWN = 20

_User = Annotated[str, typer.Option(help="As whom; the first administrator by default.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    data = typer.Typer(no_args_is_help=True, help="Import and export documents.")
    data.command("import")(import_file)
    data.command("export")(export_file)
    data.command("imports")(list_imports)
    data.command("undo")(undo_import)
    app.add_typer(data, name="data")


def import_file(
    model: Annotated[str, typer.Argument(help="Which documents, as module.Class.")],
    file: Annotated[Path, typer.Argument(help="A CSV, XLSX or JSON Lines file.", exists=True, dir_okay=False)],
    *,
    mode: Annotated[str, typer.Option(help="What to do with rows: insert, update or upsert.")] = "insert",
    key: Annotated[
        list[str] | None, typer.Option(help="Field that tells which record a row is; may be repeated.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="COLUMN=FIELD where names do not tell; may be repeated.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Column to leave out; may be repeated.")] = None,
    ignore_unknown: Annotated[
        bool, typer.Option("--ignore-unknown", help="Leave out columns without a field.")
    ] = False,
    null: Annotated[list[str] | None, typer.Option(help="Text that stands for an empty cell; may be repeated.")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone of times that name none, such as Europe/Berlin.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of the file, where it is not found out.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the cells, where it is not found out.")] = None,
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="Numbers are written as 1.234,56.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    failed: Annotated[Path | None, typer.Option(help="Where to write the rows that failed, as .csv or .xlsx.")] = None,
    user: _User = "",
) -> None:
    """Import a file, or say what an import would do. A running server does the work, else this command does."""
    given: dict[str, Any] = {
        "mode": mode,
        "key": key or (),
        "mapping": dict(_pair(each) for each in column or ()),
        "ignore": ignore or (),
        "ignore_unknown": ignore_unknown,
        "nulls": null or (),
        "zone": zone,
        "encoding": encoding,
        "delimiter": "\t" if delimiter == "\\t" else delimiter,
        "decimal_comma": decimal_comma,
    }
    raise typer.Exit(
        asyncio.run(_import(model, file, _import_options(given), user=user, failed=failed, dry_run=dry_run))
    )


def export_file(
    model: Annotated[str, typer.Argument(help="Which documents, as module.Class.")],
    file: Annotated[Path, typer.Argument(help="The file to write; its name says the kind.", dir_okay=False)],
    *,
    columns: Annotated[str, typer.Option(help="Fields in their order, separated by commas; all by default.")] = "",
    where: Annotated[str, typer.Option(help="Conditions as JSON, as the table API takes them.")] = "{}",
    sort: Annotated[str, typer.Option(help="Fields to sort by, such as name,-stock.")] = "",
    links: Annotated[str, typer.Option(help="How links are written: label, id or both.")] = "both",
    user: _User = "",
) -> None:
    """Export documents to a file. What is there already is replaced once the new file is complete."""
    given = {
        "format": file.suffix.lower().removeprefix(".").replace("ndjson", "jsonl") or "csv",
        "columns": tuple(name.strip() for name in columns.split(",") if name.strip()),
        "links": links,
    }
    asyncio.run(_export(model, file, _query(where, sort), _export_options(given), user))


async def _import(
    model: str, file: Path, options: "ImportOptions", *, user: str, failed: Path | None, dry_run: bool
) -> int:
    from webos.cli.follow import follow
    from webos.kernel.context import acting_as
    from webos.tasks.import_task import start_import

    async with application("data import") as (app, shared):
        with acting_as(await acting(app, user)):
            record = await app.transfers.upload(model, file.name, _read(file), options)
            if dry_run:
                try:
                    return _show_report(await app.transfers.check(record.id))
                finally:
                    await app.transfers.cancel(record.id)
                    await app.transfers.remove_files(record.id)
            handle = await start_import(app.transfers, str(record.id))
            ended = await follow(app.tasks, handle.id, others_work=shared)
            if ended is None:
                typer.echo("Stopped. What is stored stays; the rest follows when the server runs.")
                return _INTERRUPTED
            record = await app.transfers.get(record.id)
            if failed is not None and record.counts.failed:
                await _write_failed(app, record, failed)
            return _show_end(record, ended.error)


async def _export(model: str, file: Path, query: "TableQuery", options: "ExportOptions", user: str) -> None:
    from webos.kernel.context import acting_as

    async with application("data export") as (app, _):
        with acting_as(await acting(app, user)):
            await _write(await app.transfers.export(model, query, options), file)
    typer.echo(f"Written to {file}.")


def _show_report(report: "ImportReport") -> int:
    counts = report.counts
    typer.echo(f"{counts.read:,} rows: {counts.inserted:,} would be inserted, {counts.updated:,} updated,")
    typer.echo(f"{counts.unchanged:,} are unchanged, {counts.failed:,} cannot be stored.")
    for heading, field in report.columns.items():
        typer.echo(f"  {heading} -> {field}")
    if report.ignored:
        typer.echo(f"  not read: {', '.join(report.ignored)}")
    for failure in report.failures[:_SHOWN]:
        typer.echo(f"row {failure.row}, {failure.column or 'the row'}: {failure.message}", err=True)
    return 1 if counts.failed else 0


def _show_end(record: "ImportRecord", error: str) -> int:
    counts = record.counts
    typer.echo(
        f"{counts.read:,} rows: {counts.inserted:,} inserted, {counts.updated:,} updated, "
        f"{counts.unchanged:,} unchanged, {counts.failed:,} failed."
    )
    if record.state.value != "done":
        typer.echo(f"The import is {record.state.value}. {record.error or error}".rstrip(), err=True)
        return 1
    return 1 if counts.failed else 0


async def _write_failed(app: "Application", record: "ImportRecord", path: Path) -> None:
    from webos.data.transfer import FileFormat

    kind = FileFormat.XLSX if path.suffix.lower() == ".xlsx" else FileFormat.CSV
    await _write(await app.transfers.failed_rows(record.id, kind), path)
    typer.echo(f"The rows that failed are in {path}.")


async def _write(stream: AsyncIterator[bytes], path: Path) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as target:
            async for piece in stream:
                await asyncio.to_thread(target.write, piece)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


async def _read(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as source:
        while piece := await asyncio.to_thread(source.read, _PIECE):
            yield piece


@asynccontextmanager
async def application(purpose: str) -> "AsyncIterator[tuple[Application, bool]]":
    """Yield the application without a web server, and whether another process may run its tasks."""
    from pymongo.errors import PyMongoError

    from webos.kernel.errors import UnavailableError
    from webos.kernel.log import configure_logging
    from webos.server.access import open_endpoint
    from webos.server.application import create_app

    configure_logging("ERROR")
    settings = _settings()
    try:
        async with open_endpoint(settings, purpose=purpose) as (endpoint, shared):
            web = create_app(settings.model_copy(update={"worker": False}), endpoint)
            async with web.router.lifespan_context(web):
                yield web.state.application, shared
    except PyMongoError:
        msg = "The database has gone away. What is stored stays."
        raise UnavailableError(msg) from None


def _settings() -> "Settings":
    from webos.kernel.settings import load_settings

    settings = load_settings()
    if not settings.modules and _EXAMPLES.is_dir():
        settings = load_settings(modules=(str(_EXAMPLES),))
    return settings


async def acting(app: "Application", name: str) -> Any:  # noqa: ANN401 - a user
    """Return whom a command acts as: the user with a name, or the first administrator where it is empty.

    Raises:
        AccountNotFoundError: There is no user with that name.
        StartupError: There is no administrator.
    """
    from webos.auth import AccountNotFoundError
    from webos.kernel.errors import StartupError

    accounts = [each for each in await app.auth.list_users() if not each.disabled]
    if name:
        named = [each for each in accounts if each.username == name]
        if not named:
            msg = f"there is no user {name}"
            raise AccountNotFoundError(msg)
        return await app.auth.load_user(named[0].id)
    superusers = [each for each in accounts if each.is_superuser]
    if not superusers:
        msg = "There is no administrator. Name a user with --user, or run `webos user create NAME --superuser`."
        raise StartupError(msg)
    return await app.auth.load_user(min(superusers, key=lambda each: each.created_at).id)


def _pair(text: str) -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not equals:
        msg = f"{text!r} is not of the form COLUMN=FIELD"
        raise typer.BadParameter(msg)
    return column, field


def _import_options(given: dict[str, Any]) -> "ImportOptions":
    from pydantic import ValidationError

    from webos.data.transfer import ImportOptions

    try:
        return ImportOptions(**given)
    except ValidationError as error:
        raise _bad(error) from None


def _export_options(given: dict[str, Any]) -> "ExportOptions":
    from pydantic import ValidationError

    from webos.data.transfer import ExportOptions

    try:
        return ExportOptions(**given)
    except ValidationError as error:
        raise _bad(error) from None


def _bad(error: Any) -> typer.BadParameter:  # noqa: ANN401 - pydantic's
    from webos.data.table.editing import validation_messages

    return typer.BadParameter(
        "; ".join(f"{name}: {text}" for name, text in validation_messages(error, "options").items())
    )


def _query(where: str, sort: str) -> "TableQuery":
    from webos.data.table import TableQuery

    names = [name.strip() for name in sort.split(",") if name.strip()]
    order = [(name.removeprefix("-"), "desc" if name.startswith("-") else "asc") for name in names]
    return TableQuery(_conditions(where), order)


def _conditions(text: str) -> dict[str, Any]:
    import json

    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = "--where takes a JSON object of conditions"
        raise typer.BadParameter(msg)
    return found
