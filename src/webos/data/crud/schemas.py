"""Schemas of a document class for programs: those the module has, by their names, else ones made from the class."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from copy import copy
from types import ModuleType
from typing import Any, get_args, get_origin

from beanie import BackLink, Link
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from webos.data.document import AUDIT_FIELDS, CoreDocument
from webos.data.secret.fields import holds_secret
from webos.data.table.columns import unwrap_optional

__all__ = ["create_schema_of", "declared_schema", "read_schema_of", "update_schema_of"]

_BYTES: ConfigDict = {"ser_json_bytes": "base64", "val_json_bytes": "base64", "ser_json_inf_nan": "null"}
_STRICT: ConfigDict = {**_BYTES, "extra": "forbid", "allow_inf_nan": False, "hide_input_in_errors": True}
_LINK = "Id of the linked record."


def declared_schema(document: type[CoreDocument], kind: str) -> type[BaseModel] | None:
    """Return the schema that a module has itself for a document class.

    Args:
        document: The class, such as `Order`.
        kind: `Read`, `Create` or `Update`: it is the class `OrderRead` in the module's `schemas.py` or beside the document.
    """
    package = document.__module__.rpartition(".")[0]
    for place in (f"{package}.schemas", document.__module__):
        found = getattr(_python_module(place), f"{document.__name__}{kind}", None)
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return None


def read_schema_of(document: type[CoreDocument]) -> type[BaseModel]:
    """Return a schema of all that is read of a document: links as ids, no secrets, no limits on values."""
    fields: dict[str, Any] = {"id": (str, ...), "revision": (int, ...)}
    fields |= {"created_at": (document.model_fields["created_at"].annotation, None)}
    fields |= {"updated_at": (document.model_fields["updated_at"].annotation, None)}
    for name, info in _own_fields(document):
        if holds_secret(info.annotation):
            continue
        shown = Field(title=info.title, description=info.description, default=_plain_default(info))
        fields[name] = (_as_ids(info.annotation), shown)
    return create_model(f"{document.__name__}Read", __config__=_BYTES, __doc__=_doc(document), **fields)


def create_schema_of(document: type[CoreDocument]) -> type[BaseModel]:
    """Return a schema of what a new document is made from; others than its fields are refused."""
    fields: dict[str, Any] = {name: _input_field(info) for name, info in _own_fields(document)}
    return create_model(f"{document.__name__}Create", __config__=_STRICT, __doc__=_doc(document), **fields)


def update_schema_of(document: type[CoreDocument]) -> type[BaseModel]:
    """Return a schema of what can be changed of a document: any of its fields, each of which may be left out."""
    fields: dict[str, Any] = {}
    for name, info in _own_fields(document):
        if not info.frozen:
            annotation, given = _input_field(info)
            given = copy(given)
            given.default, given.default_factory = PydanticUndefined, _left_out
            fields[name] = (annotation, given)
    return create_model(f"{document.__name__}Update", __config__=_STRICT, __doc__=_doc(document), **fields)


def _python_module(name: str) -> ModuleType | None:
    if name not in sys.modules and name.partition(".")[0] and importlib.util.find_spec(name) is not None:
        return importlib.import_module(name)
    return sys.modules.get(name)


def _own_fields(document: type[CoreDocument]) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in document.model_fields.items():
        inner = unwrap_optional(info.annotation)[0]
        backward = any(get_origin(part) is BackLink for part in (inner, *get_args(inner)))
        if name not in AUDIT_FIELDS and name != "id" and not info.exclude and not backward:
            yield name, info


def _input_field(info: FieldInfo) -> tuple[Any, FieldInfo]:
    given = copy(info)
    # Programs know a field by its name in the model, not by that in the database.
    given.alias = given.validation_alias = given.serialization_alias = None
    given.frozen = None
    annotation = _as_ids(info.annotation)
    given.annotation = annotation
    if annotation != info.annotation:
        given.description = given.description or _LINK
    return annotation, given


def _as_ids(annotation: Any) -> Any:  # noqa: ANN401 - annotations are of any type
    """Return an annotation with the ids of linked documents in the place of links."""
    inner, optional = unwrap_optional(annotation)
    if get_origin(inner) is Link:
        return str | None if optional else str
    if get_origin(inner) is list and any(get_origin(part) is Link for part in get_args(inner)):
        return list[str] | None if optional else list[str]
    return annotation


def _plain_default(info: FieldInfo) -> Any:  # noqa: ANN401 - a default of any type
    return None if unwrap_optional(info.annotation)[1] else ...


def _left_out() -> None:
    """Stand for a field that is not sent."""


def _doc(document: type[CoreDocument]) -> str:
    return (document.__doc__ or document.__name__).strip()
