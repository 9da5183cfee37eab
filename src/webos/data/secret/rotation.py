"""Encrypting all values anew with the first key, while everybody goes on working.

A value is replaced only if it is still the one that was read, and documents keep their revision: what they say has not
changed. Saving a document never writes back a secret that it has only read, so nothing brings an old value back.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from webos.data.secret.catalogue import SecretCatalogue, SecretField
from webos.data.secret.errors import SecretDamagedError, SecretKeyMissingError
from webos.data.secret.keyring import Keyring
from webos.data.secret.place import Place
from webos.data.secret.value import is_sealed

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["Progress", "Rotation"]

Row = dict[str, Any]

_BATCH = 500


@dataclass(slots=True)
class Progress:
    """How far a rotation is.

    Attributes:
        done: Number of values that were encrypted anew.
        unreadable: Values that could not be opened, by the reason; they stay as they are.
    """

    done: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)


class Rotation:
    """The values of a database and the keys they are encrypted with.

    Args:
        database: The driver's database.
        keyring: The keys.
    """

    def __init__(self, database: "AsyncDatabase[Row]", keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._catalogue = SecretCatalogue(database)

    async def counts(self) -> dict[SecretField, Counter[str]]:
        """Return for each secret field how many values each key has, those of deleted documents too."""
        found: dict[SecretField, Counter[str]] = {}
        for each in await self._catalogue.fields():
            key = f"{each.field}.key"
            pipeline: list[Row] = [
                {"$match": {key: {"$exists": True}}},
                {"$group": {"_id": f"${key}", "n": {"$sum": 1}}},
            ]
            rows = await (await self._database[each.collection].aggregate(pipeline)).to_list()
            found[each] = Counter({str(row["_id"]): int(row["n"]) for row in rows})
        return found

    async def values_of(self, key: str) -> int:
        """Return how many values are encrypted with a key."""
        return sum(count[key] for count in (await self.counts()).values())

    async def run(self) -> AsyncGenerator[Progress]:
        """Encrypt with the first key what is encrypted with another one; yields after each batch.

        It may be ended at any time and begun again: what is done is not done again.
        """
        progress = Progress()
        for each in await self._catalogue.fields():
            async for _ in self._run_field(each, progress):
                yield progress

    async def _run_field(self, each: SecretField, progress: Progress) -> AsyncGenerator[None]:
        collection = self._database[each.collection]
        old = {f"{each.field}.key": {"$exists": True, "$ne": self._keyring.primary}}
        cursor = collection.find(old, {"created_by": 1, each.field: 1}, batch_size=_BATCH)
        async with cursor:
            while rows := await cursor.to_list(_BATCH):
                writes = [write for row in rows if (write := self._anew(each, row, progress)) is not None]
                if writes:
                    progress.done += (await collection.bulk_write(writes, ordered=False)).modified_count
                yield

    def _anew(self, each: SecretField, row: Row, progress: Progress) -> UpdateOne | None:
        sealed: Row = row.get(each.field) or {}
        if not is_sealed(sealed):
            return None
        place = Place(each.collection, each.field, row.get("created_by"), row["_id"])
        try:
            text = self._keyring.open(sealed, place)
        except (SecretKeyMissingError, SecretDamagedError) as error:
            progress.unreadable[str(error)] += 1
            return None
        fresh = self._keyring.seal(text, place, searchable=each.searchable)
        # By the id alone, for which every server has an index; the value itself is compared on the server.
        still = {"$eq": [f"${each.field}.nonce", {"$literal": sealed["nonce"]}]}
        change = {each.field: {"$cond": [still, {"$literal": fresh}, f"${each.field}"]}}
        return UpdateOne({"_id": row["_id"]}, [{"$set": change}])
