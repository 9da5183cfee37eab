"""The columns of a table, read off the model."""

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from beanie import BackLink, Link
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic.fields import FieldInfo

from webos.data.document import AUDIT_FIELDS, CoreDocument
from webos.data.secret import Secret
from webos.kernel.labels import label_of

__all__ = ["Column", "ColumnKind", "columns_of", "kind_of", "label_field", "stored_name", "unwrap_optional"]


class ColumnKind(Enum):
    """What a column holds, and with it how it is shown, edited and filtered."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    LINK = "link"
    OTHER = "other"


_SCALARS: tuple[tuple[type, ColumnKind], ...] = (
    (bool, ColumnKind.BOOLEAN),
    (int, ColumnKind.INTEGER),
    (float, ColumnKind.FLOAT),
    (Decimal, ColumnKind.DECIMAL),
    (datetime, ColumnKind.DATETIME),
    (date, ColumnKind.DATE),
    (UUID, ColumnKind.OTHER),
    (str, ColumnKind.TEXT),
)
_SORTABLE = frozenset(ColumnKind) - {ColumnKind.LINK, ColumnKind.OTHER}
_EDITABLE = frozenset(ColumnKind) - {ColumnKind.OTHER}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        field: Name of the model's field.
        stored: Its name in the database.
        title: Heading.
        kind: What it holds.
        optional: Whether it may be empty.
        choices: For a choice: stored value and label of each.
        target: For a link: the class it leads to.
        description: Longer explanation, empty where there is none.
        numbers: Limits of a number: `ge`, `gt`, `le`, `lt`.
        locked: Whether who looks at it may not change it.
    """

    field: str
    stored: str
    title: str
    kind: ColumnKind
    optional: bool = False
    choices: tuple[tuple[Any, str], ...] = ()
    target: type[CoreDocument] | None = None
    description: str = ""
    numbers: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    locked: bool = False

    @property
    def sortable(self) -> bool:
        """Whether rows can be sorted by it."""
        return self.kind in _SORTABLE

    @property
    def editable(self) -> bool:
        """Whether it can be changed by itself; a link by the id of another document."""
        return self.kind in _EDITABLE and not self.locked


def columns_of(document: type[CoreDocument]) -> tuple[Column, ...]:
    """Return the columns of a document class: its own fields, without audit fields and secrets."""
    columns = (
        _column(name, info)
        for name, info in document.model_fields.items()
        if name not in AUDIT_FIELDS and name != "id" and not info.exclude
    )
    return tuple(column for column in columns if column is not None)


def label_field(document: type[CoreDocument]) -> str | None:
    """Return the field that names a document to people: `Settings.label`, else the most likely text field."""
    declared: str | None = getattr(document.Settings, "label", None)
    if declared is not None:
        return declared
    texts = [column.field for column in columns_of(document) if column.kind is ColumnKind.TEXT]
    return next((name for name in ("name", "title", "label") if name in texts), texts[0] if texts else None)


def stored_name(document: type[CoreDocument], field: str) -> str:
    """Return the name a field has in the database."""
    info = document.model_fields.get(field)
    return (info.alias if info is not None else None) or field


def _column(name: str, info: FieldInfo) -> Column | None:
    annotation, optional = unwrap_optional(info.annotation)
    if get_origin(annotation) is BackLink or _holds_secret(annotation, set()):
        return None
    kind, choices, target = kind_of(annotation)
    limits = {
        key: getattr(meta, key)
        for meta in [*info.metadata, *_metadata(info.annotation)]
        for key in ("ge", "gt", "le", "lt")
        if getattr(meta, key, None) is not None
    }
    return Column(
        field=name,
        stored=info.alias or name,
        title=info.title or label_of(name),
        kind=kind,
        optional=optional,
        choices=choices,
        target=target,
        description=info.description or "",
        numbers=limits,
    )


def _holds_secret(annotation: Any, seen: set[type]) -> bool:  # noqa: ANN401 - an annotation
    """Return whether a value of the annotation is a secret or has one inside."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, (SecretStr, SecretBytes, Secret)):
            return True
        # A linked document is shown by its label alone; what it holds is not read.
        if annotation in seen or not issubclass(annotation, BaseModel) or issubclass(annotation, CoreDocument):
            return False
        seen.add(annotation)
        return any(_holds_secret(field.annotation, seen) for field in annotation.model_fields.values())
    return any(_holds_secret(part, seen) for part in get_args(annotation))


def _metadata(annotation: Any) -> list[Any]:  # noqa: ANN401 - an annotation
    """Return what is annotated on the inner type of an optional one."""
    if get_origin(annotation) is Annotated:
        found: list[Any] = []
        for each in get_args(annotation)[1:]:
            found += each.metadata if isinstance(each, FieldInfo) else [each]
        return found
    if get_origin(annotation) in {Union, types.UnionType}:
        return [meta for part in get_args(annotation) for meta in _metadata(part)]
    return []


def unwrap_optional(annotation: Any) -> tuple[Any, bool]:  # noqa: ANN401 - an annotation
    """Return an annotation without `None` and without `Annotated`, and whether `None` was allowed."""
    if get_origin(annotation) is Annotated:
        return unwrap_optional(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        inner = [arg for arg in get_args(annotation) if arg is not type(None)]
        optional = len(inner) < len(get_args(annotation))
        if len(inner) == 1:
            return unwrap_optional(inner[0])[0], optional
        return annotation, optional
    return annotation, False


def kind_of(annotation: Any) -> tuple[ColumnKind, tuple[tuple[Any, str], ...], type[CoreDocument] | None]:  # noqa: ANN401
    """Return what an annotation holds; of a choice its values and labels, of a link where it leads to."""
    if get_origin(annotation) is Link:
        return ColumnKind.LINK, (), get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return ColumnKind.CHOICE, tuple((value, _readable(value)) for value in get_args(annotation)), None
    if isinstance(annotation, type):
        if issubclass(annotation, Enum):
            return ColumnKind.CHOICE, tuple((member.value, _readable(member.value)) for member in annotation), None
        for base, kind in _SCALARS:
            if issubclass(annotation, base):
                return kind, (), None
    return ColumnKind.OTHER, (), None


def _readable(value: object) -> str:
    text = str(value).replace("_", " ")
    return text[:1].upper() + text[1:]
