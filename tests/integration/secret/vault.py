"""Documents with secrets, on a guarded database with keys."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import bson
from beanie import Link

from webos.data.connection import Connection
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo
from webos.data.secret import Keyring, SearchableSecret, Secret
from webos.data.secret.key_file import new_key
from webos.data.server_traits import read_traits
from webos.kernel.context import Principal

ANNA = Principal(uuid4(), "anna", grants=frozenset({"vault.*"}))
BERT = Principal(uuid4(), "bert", grants=frozenset({"vault.*"}))
ROOT = Principal(uuid4(), "root", is_superuser=True)


class Entry(OwnedDocument):
    """As a customer writes it."""

    site: str
    login: str = ""
    password: Secret
    pin: Secret | None = None


class Device(CoreDocument):
    """Documents of everybody, to be found by their secret."""

    name: str
    serial: Annotated[Secret, SearchableSecret()]
    token: Annotated[Secret | None, SearchableSecret()] = None


class Folder(CoreDocument):
    """A document that links to one with secrets."""

    name: str
    device: Link[Device] | None = None
    devices: list[Link[Device]] = []  # noqa: RUF012 - Pydantic copies it


INFOS = [
    ModelInfo("vault.Entry", "vault", Entry, None, None),
    ModelInfo("vault.Device", "vault", Device, None, None),
    ModelInfo("vault.Folder", "vault", Folder, None, None),
]


@dataclass(repr=False)
class Vault:
    """The database, guarded and as it is."""

    connection: Connection
    database: GuardedDatabase
    keyring: Keyring

    def raw(self, model: type[CoreDocument]) -> Any:
        """Return the driver's collection."""
        return self.connection.raw[model.__webos_name__]

    async def stored(self, document: CoreDocument) -> dict[str, Any]:
        """Return what is really stored of a document."""
        row: dict[str, Any] = await self.raw(type(document)).find_one({"_id": document.id})
        return row

    async def holds(self, text: str) -> bool:
        """Return whether the text is anywhere in the database, in any collection, as text or bytes."""
        for name in await self.connection.raw.list_collection_names():
            async for row in self.connection.raw[name].find({}):
                if text.encode() in bson.encode(row, codec_options=self.connection.raw.codec_options):
                    return True
        return False


def some_keys(count: int = 1) -> dict[str, bytes]:
    """Return new keys."""
    return dict(new_key() for _ in range(count))


async def open_vault(connection: Connection, keyring: Keyring | None = None) -> Vault:
    """Return a vault on a database."""
    traits = await read_traits(connection.client)
    keyring = keyring or Keyring(some_keys())
    database = GuardedDatabase(connection.raw, traits, keyring)
    await initialize_models(database, INFOS, major_version=traits.major_version)
    return Vault(connection, database, keyring)
