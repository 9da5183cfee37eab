"""The keys of an application: sealing and opening values."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from webos.data.secret.errors import SecretDamagedError, SecretKeyMissingError
from webos.data.secret.key_file import FILE_NAME, make_key_file, parse_keys, read_key_file
from webos.data.secret.place import Place
from webos.kernel.settings import Settings

__all__ = ["Keyring"]

_NONCE_BYTES = 12
_INDEX_PURPOSE = b"webos blind index\0"


class Keyring:
    """The keys that values are sealed with: the first one for new values, all of them for opening.

    Keys in a file are read again when the file was changed, for a rotation puts a new one there while servers run.

    Args:
        keys: Keys of 32 bytes by their ids.
        file: Where they come from, if it is a file.
    """

    def __init__(self, keys: Mapping[str, bytes], file: Path | None = None) -> None:
        self._keys = dict(keys)
        self.file = file
        self._seen = _state(file)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the keys of the settings, or those of the file in the data folder, made at the first call.

        Raises:
            ConfigurationError: The file is damaged, or others can read it.
        """
        if settings.encryption_keys is not None:
            return cls(parse_keys(settings.encryption_keys.get_secret_value()))
        path = settings.data_dir / FILE_NAME
        make_key_file(path)
        return cls(read_key_file(path), path)

    @property
    def primary(self) -> str:
        """Id of the key for new values."""
        self._refresh()
        return next(iter(self._keys))

    @property
    def ids(self) -> list[str]:
        """Ids of all keys, that for new values first."""
        self._refresh()
        return list(self._keys)

    @property
    def keys(self) -> dict[str, bytes]:
        """All keys by their ids, for who writes them back."""
        self._refresh()
        return dict(self._keys)

    def seal(self, text: str, place: Place, *, searchable: bool) -> dict[str, Any]:
        """Return what the database is to hold.

        Args:
            text: The value.
            place: Where it belongs.
            searchable: Whether it can be found by its exact value.
        """
        name = self.primary
        nonce = os.urandom(_NONCE_BYTES)
        value = text.encode()
        sealed: dict[str, Any] = {
            "key": name,
            "nonce": nonce,
            "text": AESGCM(self._keys[name]).encrypt(nonce, value, place.associated_data),
        }
        if searchable:
            sealed["index"] = _blind(self._keys[name], place.collection, place.field, value)
        return sealed

    def open(self, sealed: Mapping[str, Any], place: Place) -> str:
        """Return the text of a sealed value.

        Raises:
            SecretKeyMissingError: The key is not here.
            SecretDamagedError: It was changed, or belongs to another place.
        """
        name = sealed["key"]
        if name not in self._keys:
            self._refresh()
        key = self._keys.get(name)
        if key is None:
            msg = f"the key {name!r} of {place.collection}.{place.field} is missing"
            raise SecretKeyMissingError(msg, user_message=SecretKeyMissingError.title)
        try:
            return AESGCM(key).decrypt(sealed["nonce"], sealed["text"], place.associated_data).decode()
        except (InvalidTag, ValueError):
            msg = f"a value of {place.collection}.{place.field} does not open in its place"
            raise SecretDamagedError(msg, user_message=SecretDamagedError.title) from None

    def blind_indexes(self, collection: str, field: str, text: str) -> list[bytes]:
        """Return what equal values of a searchable field have stored beside them, under each of the keys."""
        self._refresh()
        return [_blind(key, collection, field, text.encode()) for key in self._keys.values()]

    def _refresh(self) -> None:
        if self.file is None:
            return
        state = _state(self.file)
        # A file that has vanished takes no key away from a server that runs.
        if state is not None and state != self._seen:
            self._keys = read_key_file(self.file)
            self._seen = state

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"


def _state(file: Path | None) -> tuple[int, int, int] | None:
    try:
        found = file.stat() if file is not None else None
    except FileNotFoundError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_ino, found.st_size)


def _blind(key: bytes, collection: str, field: str, value: bytes) -> bytes:
    # A key of its own, derived from the encryption key, so that one file is all that has to be kept.
    purpose = _INDEX_PURPOSE + collection.encode() + b"\0" + field.encode()
    derived = hmac.digest(key, purpose, hashlib.sha256)
    return hmac.digest(derived, value, hashlib.sha256)
