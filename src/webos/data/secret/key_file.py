"""The file in the data folder that keeps the keys, where no setting gives them."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from pathlib import Path
from secrets import token_bytes, token_hex

from webos.kernel.errors import ConfigurationError

__all__ = ["FILE_NAME", "KEY_BYTES", "make_key_file", "new_key", "parse_keys", "read_key_file", "write_key_file"]

FILE_NAME = "encryption_keys"
KEY_BYTES = 32
_OWNER_ONLY = 0o600


def new_key() -> tuple[str, bytes]:
    """Return a random key and an id for it."""
    return token_hex(4), token_bytes(KEY_BYTES)


def parse_keys(text: str) -> dict[str, bytes]:
    """Return keys by their ids, in their order.

    Args:
        text: `id:base64` of each, separated by commas or line breaks.

    Raises:
        ValueError: One is not of that form, or has no 32 bytes, or an id stands there twice.
    """
    keys: dict[str, bytes] = {}
    for part in text.replace("\n", ",").split(","):
        if not part.strip():
            continue
        name, _, encoded = part.strip().partition(":")
        try:
            key = urlsafe_b64decode(encoded.replace("+", "-").replace("/", "_").rstrip("=") + "==")
        except (Base64Error, ValueError):
            key = b""
        if not name or len(key) != KEY_BYTES or name in keys:
            msg = "each key is id:base64, with an id of its own and 32 bytes"
            raise ValueError(msg)
        keys[name] = key
    if not keys:
        msg = "there is no key"
        raise ValueError(msg)
    return keys


def make_key_file(path: Path) -> None:
    """Make the file with one new key, unless it is there.

    Of two processes at once one makes it, and both read the same, whole.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    name, key = new_key()
    partial = _write_beside(path, {name: key})
    try:
        # A link, unlike a rename, never replaces the file that another process has just made.
        os.link(partial, path)
    except FileExistsError:
        return
    finally:
        partial.unlink()


def write_key_file(path: Path, keys: Mapping[str, bytes]) -> None:
    """Replace the keys in one step."""
    _write_beside(path, keys).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # Values are sealed with the new key from now on: it must not be lost with the machine's power.
        os.fsync(folder)
    finally:
        os.close(folder)


def read_key_file(path: Path) -> dict[str, bytes]:
    """Return the keys by their ids, in their order.

    Raises:
        ConfigurationError: Others can read the file, or it is damaged.
    """
    if os.name == "posix" and path.stat().st_mode & 0o077:
        msg = f"Other users of this machine can read {path}. Run `chmod 600 {path}`."
        raise ConfigurationError(msg)
    try:
        return parse_keys(path.read_text(encoding="ascii"))
    except (ValueError, UnicodeError) as error:
        msg = f"{path} is damaged. Bring it back from a backup: what was encrypted with its keys cannot be read without them."
        raise ConfigurationError(msg) from error


def _write_beside(path: Path, keys: Mapping[str, bytes]) -> Path:
    partial = path.with_name(f"{path.name}.{os.getpid()}.{token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{name}:{urlsafe_b64encode(key).decode()}\n" for name, key in keys.items())
        file.flush()
        os.fsync(file.fileno())
    return partial
