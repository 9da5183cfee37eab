"""Documents in the form of a schema for programs."""

from collections.abc import Mapping
from typing import Any

from beanie import Link
from bson import DBRef, ObjectId
from pydantic import BaseModel

from webos.data.document import CoreDocument

__all__ = ["Reader"]

Row = Mapping[str, Any]


class Reader:
    """Makes schemas of documents.

    A field of the schema is the document's field of that name; what else it asks for is an attribute of the document,
    such as a property.

    Args:
        document: The document class.
        schema: The schema.
    """

    def __init__(self, document: type[CoreDocument], schema: type[BaseModel]) -> None:
        self._document = document
        self._schema = schema
        fields = document.model_fields
        wanted = {info.alias or name: name for name, info in schema.model_fields.items()}
        self._stored = {
            given: fields[name].alias or name for given, name in wanted.items() if name in fields and name != "id"
        }
        self._names = {info.alias or name: name for name, info in fields.items()}
        self._others = {given: name for given, name in wanted.items() if name not in fields}

    @property
    def projection(self) -> dict[str, int]:
        """What to read of each document; all of it where the schema asks for more than fields."""
        if self._others:
            return {}
        return dict.fromkeys(("_id", *self._stored.values()), 1)

    def row(self, row: Row) -> BaseModel:
        """Return a stored document in the form of the schema."""
        if self._others:
            return self.document(self._document.model_validate(dict(row)))
        values: dict[str, Any] = {}
        for given, stored in self._stored.items():
            if stored in row:
                values[given] = _plain(row[stored])
            elif not (field := self._document.model_fields[self._names[stored]]).is_required():
                # Not stored yet, or not for the acting user: as a document shows it.
                values[given] = _plain(field.get_default(call_default_factory=True, validated_data={}))
        return self._schema.model_validate({**values, "id": str(row["_id"])})

    def document(self, document: CoreDocument) -> BaseModel:
        """Return a document in the form of the schema."""
        values = {given: _plain(getattr(document, self._names[stored])) for given, stored in self._stored.items()}
        others = {given: getattr(document, name) for given, name in self._others.items() if hasattr(document, name)}
        return self._schema.model_validate({**values, **others, "id": str(document.id)}, from_attributes=True)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a field
    """Return a value with ids in the place of links, and ids as text."""
    if isinstance(value, (Link, DBRef, CoreDocument)):
        identity = value.ref.id if isinstance(value, Link) else value.id
        return str(identity)
    if isinstance(value, ObjectId):
        return str(value)
    return [_plain(each) for each in value] if isinstance(value, list) else value
