"""Finding the documents that cells link to, many at once."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any

from bson import DBRef
from pydantic import TypeAdapter, ValidationError

from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.table.columns import label_field, stored_name
from webos.data.transfer.fields import fields_of, unique_fields
from webos.kernel.context import current_user
from webos.kernel.errors import InvalidInputError

__all__ = ["LinkFinder"]

_MOST_KEPT = 50_000


class _Found(Enum):
    """What a name may lead to besides one document."""

    SEVERAL = "several"


class LinkFinder:
    """Finds the documents of one model by id or by a field that names them, as far as the acting user may read them.

    Args:
        info: The model linked to.
        database: The guarded database.
        by: Name of the field that names a document; None to take ids, and for what is no id the label.

    Raises:
        InvalidInputError: The model has no such field.
        PermissionDeniedError: The acting user may not read the model.
    """

    def __init__(self, info: ModelInfo, database: GuardedDatabase, by: str | None) -> None:
        info.demand_read(current_user())
        self._info = info
        self._collection = database[info.collection]
        self._title = info.title
        annotation: Any = info.document.model_fields["id"].annotation
        self._id_type: TypeAdapter[Any] = TypeAdapter(annotation)
        self._takes_ids = by in {None, "id"}
        self._by = _name_field(info, by)
        self._kept: dict[str, Any] = {}

    @classmethod
    def of(cls, target: type[Any], models: ModelRegistry, database: GuardedDatabase, by: str | None) -> "LinkFinder":
        """Return a finder for the documents of a class."""
        return cls(models.of(target), database, by)

    async def find(self, texts: Iterable[str]) -> None:
        """Look up what is not known yet, in at most two queries."""
        unknown = {text for text in texts if text not in self._kept}
        if not unknown:
            return
        if len(self._kept) + len(unknown) > _MOST_KEPT:
            self._kept.clear()
        found: dict[str, Any] = {}
        if self._takes_ids:
            found |= await self._by_id(unknown)
        if self._by is not None and (rest := unknown - found.keys()):
            found |= await self._by_name(self._by, rest)
        self._kept |= {text: found.get(text) for text in unknown}

    def reference(self, text: str) -> DBRef:
        """Return the link that a cell stands for; `find` was given it before.

        Raises:
            ValueError: There is no such document, or more than one.
        """
        identity = self._kept.get(text)
        if identity is _Found.SEVERAL:
            msg = f"There is more than one {self._title} called “{text[:80]}”."
            raise ValueError(msg)
        if identity is None:
            msg = f"There is no {self._title} “{text[:80]}”."
            raise ValueError(msg)
        return DBRef(self._info.collection, identity)

    async def _by_id(self, texts: set[str]) -> dict[str, Any]:
        identities: dict[Any, str] = {}
        for text in texts:
            with suppress(ValidationError):
                identities[self._id_type.validate_python(text)] = text
        if not identities:
            return {}
        cursor = self._collection.find({"_id": {"$in": list(identities)}}, {"_id": 1, "revision": 1})
        return {identities[row["_id"]]: row["_id"] async for row in cursor if row["_id"] in identities}

    async def _by_name(self, field: str, texts: set[str]) -> dict[str, Any]:
        stored = stored_name(self._info.document, field)
        kind: TypeAdapter[Any] = TypeAdapter(self._info.document.model_fields[field].annotation)
        values: dict[Any, str] = {}
        for text in texts:
            with suppress(ValidationError, TypeError):
                values[getattr(kind.validate_python(text), "value", None) or kind.validate_python(text)] = text
        found: dict[str, Any] = {}
        async for row in self._collection.find({stored: {"$in": list(values)}}, {"_id": 1, stored: 1}):
            if row[stored] in values:
                text = values[row[stored]]
                found[text] = _Found.SEVERAL if text in found else row["_id"]
        return found


def _name_field(info: ModelInfo, by: str | None) -> str | None:
    """Return the field that names a document, or None where only ids do."""
    if by == "id":
        return None
    fields = fields_of(info.document)
    if by is not None:
        if by not in fields:
            msg = f"{info.title} has no field {by}"
            raise InvalidInputError(msg, fields={by: f"{info.title} has no such field."})
        return by
    unique: Sequence[str] = sorted(unique_fields(info.document) - {"id"})
    label = label_field(info.document)
    if label in unique or (label is not None and not unique):
        return label if label in fields else None
    known: Mapping[str, Any] = {name: fields[name] for name in unique if name in fields}
    return next(iter(known), label if label in fields else None)
