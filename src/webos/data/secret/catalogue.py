"""Which fields of the database hold secrets, also those of modules that do not run at the moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["SecretCatalogue", "SecretField"]

_COLLECTION = "webos_secrets"


@dataclass(frozen=True, slots=True)
class SecretField:
    """A secret field of one collection.

    Attributes:
        collection: Name of the collection.
        field: Stored name of the field.
        searchable: Whether values can be found by their exact text.
    """

    collection: str
    field: str
    searchable: bool = False


class SecretCatalogue:
    """The secret fields of a database. None is ever taken out, so that no key is dropped that a value needs.

    Args:
        database: The driver's database.
    """

    def __init__(self, database: "AsyncDatabase[dict[str, Any]]") -> None:
        self._entries = database[_COLLECTION]

    async def note(self, fields: Iterable[SecretField]) -> None:
        """Remember fields."""
        writes = [
            UpdateOne(
                {"_id": f"{each.collection}|{each.field}"},
                {"$set": {"collection": each.collection, "field": each.field, "searchable": each.searchable}},
                upsert=True,
            )
            for each in fields
        ]
        if writes:
            await self._entries.bulk_write(writes, ordered=False)

    async def fields(self) -> list[SecretField]:
        """Return all fields, in the order of their names."""
        rows: list[dict[str, Any]] = await self._entries.find({}).to_list()
        found = [SecretField(row["collection"], row["field"], row["searchable"]) for row in rows]
        return sorted(found, key=lambda each: (each.collection, each.field))
