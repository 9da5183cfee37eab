"""The command `webos`: finds its subcommands and turns errors into a line and an exit code.

Every file of this package with a function `register(app)` adds its commands there. It is imported whenever the
command runs, so it imports what is heavy inside its functions.
"""

import importlib
import pkgutil
import sys
from typing import Annotated

import typer

from webos import __version__, cli
from webos.kernel.errors import ConfigurationError, WebOSError

__all__ = ["build_cli", "main", "report"]

_CONFIGURATION_WRONG = 2
# What shells say of a command that Ctrl+C has ended.
_INTERRUPTED = 130


def main() -> None:
    """Run the command line; an error of ours becomes a red line and exit code 1, a wrong setting 2; Ctrl+C is 130."""
    try:
        build_cli()()
    except WebOSError as error:
        sys.exit(report(error))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def report(error: WebOSError) -> int:
    """Print an error of ours to standard error, a line for each of its own, and return the exit code for it."""
    for line in str(error).splitlines():
        typer.echo(f"{typer.style('error:', fg='red', bold=True)} {line}", err=True)
    return _CONFIGURATION_WRONG if isinstance(error, ConfigurationError) else 1


def build_cli() -> typer.Typer:
    """Return the command line with all commands of this package."""
    app = typer.Typer(name="webos", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_options)
    for found in pkgutil.iter_modules(cli.__path__):
        register = getattr(importlib.import_module(f"{cli.__name__}.{found.name}"), "register", None)
        if register is not None:
            register(app)
    return app


def _show_version(value: bool) -> None:  # typer calls it with the flag
    if value:
        typer.echo(f"WebOS {__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """WebOS Framework: write a folder, get an application."""
