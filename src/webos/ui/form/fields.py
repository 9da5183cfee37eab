"""What a form asks for, read from a model's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any

import orjson
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from webos.data.document import AUDIT_FIELDS, CoreDocument
from webos.data.secret import Secret
from webos.data.table import closed_fields
from webos.kernel.labels import label_of
from webos.ui.form.shapes import Shape, shape_of, unwrap

__all__ = ["FormField", "form_fields"]

_LEFT_OUT = frozenset({"id", *AUDIT_FIELDS})
_BOUNDS = ((Ge, "ge", "at least"), (Gt, "gt", "more than"), (Le, "le", "at most"), (Lt, "lt", "less than"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of a form.

    Attributes:
        name: Name of the model's field.
        label: What people read.
        shape: How it looks and behaves.
        required: Whether it must be filled in.
        nullable: Whether None is a value.
        hint: A sentence below it.
        value: What it starts with, as the browser wants it.
        kept: The stored secret that stays when the field is left empty; None for all other fields.
    """

    name: str
    label: str
    shape: Shape
    required: bool
    nullable: bool
    hint: str
    value: Any
    kept: Secret | None = None

    def for_browser(self) -> dict[str, Any]:
        """Return what the browser needs of it."""
        shape = self.shape
        described = {
            "name": self.name,
            "label": self.label,
            "kind": shape.kind,
            "required": self.required,
            "value": self.value,
        }
        extra = {
            "type": shape.type,
            "hint": self.hint,
            "options": shape.options,
            "maxLength": shape.max_length,
            "inputMode": shape.input_mode,
            "wide": shape.wide,
        }
        return described | {name: value for name, value in extra.items() if value}


def form_fields(
    model: type[BaseModel], only: Sequence[str] | None = None, values: Mapping[str, Any] | None = None
) -> list[FormField]:
    """Return the fields a form for `model` has.

    Args:
        model: The model; audit fields of documents are left out, and fields that the acting user may not write.
        only: Which fields, in which order; all where None.
        values: What to start with instead of the defaults.

    Raises:
        KeyError: `only` names a field the model does not have.
    """
    names = only if only is not None else [name for name in model.model_fields if name not in _LEFT_OUT]
    if issubclass(model, CoreDocument):
        closed = closed_fields(model)
        names = [name for name in names if name not in closed]
    return [_field(name, model.model_fields[name], values or {}) for name in names]


def _field(name: str, info: FieldInfo, values: Mapping[str, Any]) -> FormField:
    annotation, nullable, metadata = unwrap(info.annotation, list(info.metadata))
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    shape = shape_of(name, annotation, metadata, extra)
    start = values[name] if name in values else _default(info)
    kept = start if isinstance(start, Secret) else None
    hint = info.description or _limits(metadata) or ("As JSON." if shape.kind == "json" else "")
    return FormField(
        name=name,
        label=info.title or label_of(name),
        shape=shape,
        required=info.is_required() and not nullable and kept is None,
        nullable=nullable,
        hint=hint if kept is None else "Leave it empty to keep it as it is.",
        value=_for_browser(shape, start),
        kept=kept,
    )


def _limits(metadata: Sequence[Any]) -> str:
    """Return in words what values a number may have."""
    parts = [
        f"{words} {getattr(item, name)}" for item in metadata for kind, name, words in _BOUNDS if isinstance(item, kind)
    ]
    # "At least 0" only says what everybody expects of a count or a price.
    if not parts or parts == ["at least 0"]:
        return ""
    text = " and ".join(parts)
    return text[0].upper() + text[1:] + "."


def _default(info: FieldInfo) -> Any:  # noqa: ANN401 - any value
    if info.is_required():
        return None
    if info.default_factory is None:
        return info.default
    value = info.get_default(call_default_factory=True, validated_data={})
    # A time or an id made now would be old when the form is sent; the model makes its own then.
    return value if isinstance(value, str | bool | int | float | list | dict) else None


def _for_browser(shape: Shape, value: Any) -> Any:  # noqa: ANN401 - any value
    if shape.kind == "bool":
        return bool(value)
    if shape.kind == "chips":
        return [_written(item) for item in value or []]
    if shape.kind == "link":
        return value if isinstance(value, dict) else None
    if value is None or shape.type == "password":
        return ""
    if shape.kind == "json":
        return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode()
    return _written(value)


def _written(value: Any) -> str:  # noqa: ANN401 - any value
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, datetime | date | time) else str(value)
