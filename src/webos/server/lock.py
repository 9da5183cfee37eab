"""The lock of a data folder: one instance at a time works on it."""

import contextlib
import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from webos.kernel.errors import StartupError

__all__ = ["AlreadyRunningError", "Holder", "InstanceLock"]

_FILE = "webos.lock"
_OWNER_ONLY = 0o700
# A holder writes its record right after it got the lock.
_RECORD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock.

    Attributes:
        pid: Its process id.
        purpose: What it does: `server`, or the name of a command.
        address: Where browsers reach it; empty for a command.
    """

    pid: int
    purpose: str
    address: str = ""

    @property
    def is_server(self) -> bool:
        """Whether it is a running server rather than a command that works on the data."""
        return self.purpose == "server"


class AlreadyRunningError(StartupError):
    """Another process works on the data folder."""

    code = "webos.already_running"
    title = "Already running"

    def __init__(self, data_dir: Path, holder: Holder | None) -> None:
        if holder is None:
            message = f"Another WebOS process works on the data folder {data_dir}."
        elif holder.is_server:
            message = f"WebOS already runs on the data folder {data_dir}: {holder.address} (process {holder.pid})."
        else:
            message = f"`webos {holder.purpose}` (process {holder.pid}) works on the data folder {data_dir}; try again."
        super().__init__(message)
        self.holder = holder


class InstanceLock:
    """The lock while it is held; the kernel frees it when the process ends, however it ends.

    Args:
        descriptor: The locked file, open.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, data_dir: Path, *, purpose: str, address: str = "") -> Self:
        """Take the lock at once or not at all.

        Args:
            data_dir: The data folder; it is created if need be.
            purpose: What the caller does: `server`, or the name of a command.
            address: Where browsers reach the server.

        Raises:
            AlreadyRunningError: Another process holds it.
            StartupError: The folder cannot be used.
        """
        path = data_dir.resolve()
        try:
            path.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            descriptor = os.open(path / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            msg = f"The data folder {path} cannot be used: {error.strerror}. Set WEBOS_DATA_DIR to another one."
            raise StartupError(msg) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunningError(path, _read(path)) from None
        record = json.dumps(asdict(Holder(os.getpid(), purpose, address))).encode()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, record, 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let the next one in."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _read(path: Path) -> Holder | None:
    deadline = time.monotonic() + _RECORD_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Holder(**json.loads((path / _FILE).read_bytes()))
        time.sleep(0.01)
    return None
