"""What a person reads at the terminal when the server is ready."""

from pathlib import Path

from webos import __version__
from webos.data.endpoint import Endpoint
from webos.kernel.settings import Settings

__all__ = ["banner"]


def banner(settings: Settings, data_dir: Path, endpoint: Endpoint) -> str:
    """Return the few lines that say where the server is and how to stop it.

    Args:
        settings: The settings of the process.
        data_dir: The data folder, absolute.
        endpoint: The database in use.
    """
    kind = "MongoDB" if endpoint.url is not None else "local server"
    return (
        f"\n  WebOS {__version__} is ready\n\n"
        f"    Open       {settings.public_url or settings.origin}\n"
        f"    Data       {data_dir}\n"
        f"    Database   {settings.database} on {endpoint.address} ({kind})\n\n"
        "  Press Ctrl+C to stop\n"
    )
