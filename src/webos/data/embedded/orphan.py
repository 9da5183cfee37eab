"""A server that an earlier run left behind: found by its process id and command line, and stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from loguru import logger

from webos.data.embedded.folder import DatabaseFolder

__all__ = ["stop_orphan"]

_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.02


async def stop_orphan(folder: DatabaseFolder) -> None:
    """Stop the server of an earlier run on this folder, if one still runs.

    The caller holds the lock of the data folder, so that whatever runs on it has lost its master.

    Args:
        folder: The folder of the database.
    """
    try:
        pid = int(folder.pid.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    if _is_ours(pid, folder.path):
        logger.warning("a database server of an earlier run still runs (pid {}), stopping it", pid)
        if not await _ended(pid, folder.path, signal.SIGTERM):
            await _ended(pid, folder.path, signal.SIGKILL)
    folder.pid.unlink(missing_ok=True)


def _is_ours(pid: int, path: Path) -> bool:
    """Whether the process names our folder: its id may have gone to another program since."""
    return str(path) in _command_line(pid)


def _command_line(pid: int) -> str:
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - fixed program


async def _ended(pid: int, path: Path, how: signal.Signals) -> bool:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        if not _is_ours(pid, path):
            return True
        await asyncio.sleep(_POLL_SECONDS)
    return False
