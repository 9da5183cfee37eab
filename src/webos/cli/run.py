"""`webos run`: start the server."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run)


def run(
    host: Annotated[str | None, typer.Option(help="Address to listen on, before WEBOS_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on, before WEBOS_PORT.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder for all data, before WEBOS_DATA_DIR.")] = None,
) -> None:
    """Start the server, and a local database if WEBOS_MONGO_URL names none. Ctrl+C stops both."""
    import asyncio

    from webos.kernel.log import configure_logging
    from webos.kernel.settings import load_settings
    from webos.server.supervisor import Supervisor

    given = {"host": host, "port": port, "data_dir": data_dir}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_level.value)
    raise typer.Exit(asyncio.run(Supervisor(settings).run()))
