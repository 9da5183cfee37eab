"""The fields of a model that an import can write, as far as the acting user may."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args, get_origin

from beanie import BackLink, Link
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pymongo import IndexModel

from webos.data.document import AUDIT_FIELDS, CoreDocument
from webos.data.table.columns import ColumnKind, columns_of, kind_of, unwrap_optional
from webos.kernel.labels import label_of

__all__ = ["ImportField", "fields_of", "unique_fields"]

_LISTS = (list, set, frozenset, tuple)


@dataclass(frozen=True, slots=True)
class ImportField:
    """One field.

    Attributes:
        name: Name in the model.
        stored: Name in the database.
        title: Name for people.
        kind: What it holds; of a list, what each item is.
        many: Whether it is a list.
        optional: Whether it may hold None.
        required: Whether a new document needs a value.
        choices: For a choice: its members or values by every spelling.
        target: For a link: where it leads to.
        annotation: Its type, without None.
        info: What the model says of it.
    """

    name: str
    stored: str
    title: str
    kind: ColumnKind
    many: bool
    optional: bool
    required: bool
    choices: Mapping[str, Any]
    target: type[CoreDocument] | None
    annotation: Any
    info: FieldInfo

    def default(self) -> Any:  # noqa: ANN401 - any value
        """Return the default of the field, made anew; `PydanticUndefined` where there is none."""
        return (
            PydanticUndefined if self.required else self.info.get_default(call_default_factory=True, validated_data={})
        )


def fields_of(document: type[CoreDocument]) -> dict[str, ImportField]:
    """Return the fields that an import can write, by name. Secrets and what the framework writes are none."""
    # Secrets are no columns.
    shown = {column.field for column in columns_of(document)}
    return {
        name: _field(name, info)
        for name, info in document.model_fields.items()
        if name in shown or (name == "id" and "id" not in AUDIT_FIELDS)
    }


def unique_fields(document: type[CoreDocument]) -> set[str]:
    """Return the fields that are unique by themselves; the id is one."""
    by_stored = {info.alias or name: name for name, info in document.model_fields.items()}
    found = {"id"}
    for name, info in document.model_fields.items():
        for meta in [*info.metadata, *get_args(info.annotation)]:
            declared: tuple[Any, dict[str, Any]] = getattr(meta, "_indexed", None) or (None, {})
            if declared[1].get("unique"):
                found.add(name)
    for index in getattr(document.Settings, "indexes", ()):
        if isinstance(index, IndexModel) and index.document.get("unique"):
            keys = list(index.document["key"])
            if len(keys) == 1 and keys[0] in by_stored:
                found.add(by_stored[keys[0]])
    return found


def _field(name: str, info: FieldInfo) -> ImportField:
    annotation, optional = unwrap_optional(info.annotation)
    item, many = annotation, False
    if get_origin(annotation) in _LISTS or annotation in _LISTS:
        arguments = [each for each in get_args(annotation) if each is not ...]
        if len(arguments) == 1:
            item, many = unwrap_optional(arguments[0])[0], True
    kind, choices, target = (ColumnKind.OTHER, (), None) if get_origin(item) is BackLink else kind_of(item)
    return ImportField(
        name=name,
        stored=info.alias or name,
        title=info.title or label_of(name),
        kind=kind,
        many=many,
        optional=optional,
        required=info.is_required(),
        choices=_spellings(item, choices),
        target=target if isinstance(target, type) else None,
        annotation=get_args(item)[0] if get_origin(item) is Link else item,
        info=info,
    )


def _spellings(annotation: Any, choices: tuple[tuple[Any, str], ...]) -> Mapping[str, Any]:  # noqa: ANN401 - a type
    """Return the values of a choice by value, name and label; in any case where that is unambiguous."""
    names = {member.value: member.name for member in annotation} if _is_enum(annotation) else {}
    found: dict[str, Any] = {}
    ways = (
        lambda value, _: str(value),
        lambda value, _: names.get(value, str(value)),
        lambda _, label: label,
        lambda value, _: str(value).casefold(),
        lambda value, _: names.get(value, str(value)).casefold(),
        lambda _, label: label.casefold(),
    )
    for way in ways:
        for value, label in choices:
            found.setdefault(way(value, label), value)
    return found


def _is_enum(annotation: Any) -> bool:  # noqa: ANN401 - a type
    return isinstance(annotation, type) and issubclass(annotation, Enum)
