"""The key that signs what browsers keep."""

import os
from pathlib import Path
from secrets import token_bytes, token_hex

from webos.kernel.errors import ConfigurationError
from webos.kernel.settings import Settings

__all__ = ["secret_key"]

_FILE = "secret_key"
_BYTES = 32
_OWNER_ONLY = 0o600


def secret_key(settings: Settings) -> bytes:
    """Return the key from the settings, or the one in the data folder, made at the first call.

    Args:
        settings: The settings of the process.

    Raises:
        ConfigurationError: The file is damaged, or others can read it.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    path = settings.data_dir / _FILE
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Write a new key in one step: of two processes at once one makes it and both read the same, whole."""
    partial = path.with_name(f"{_FILE}.{os.getpid()}.{token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link, unlike a rename, never replaces the key that another process has just made.
            os.link(partial, path)
        except FileExistsError:
            return
    finally:
        partial.unlink()


def _read(path: Path) -> bytes:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        msg = f"Other users of this machine can read {path}. Run `chmod 600 {path}`, or set WEBOS_SECRET_KEY."
        raise ConfigurationError(msg)
    key = path.read_bytes()
    if len(key) < _BYTES:
        msg = f"{path} is damaged. Delete it to have a new key made, which ends what the old one signed."
        raise ConfigurationError(msg)
    return key
