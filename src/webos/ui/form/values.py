"""What the browser sends, as the model's input."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from webos.ui.form.fields import FormField

__all__ = ["InvalidJsonError", "read_values"]


class InvalidJsonError(ValueError):
    """A field holds what is not JSON."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def read_values(fields: Iterable[FormField], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input for the model; fields that are empty are left out, so that the model's defaults apply.

    Only the form's own fields are read, whatever the browser sends.

    Args:
        fields: The form's fields.
        sent: Values by name, as the browser sends them.

    Raises:
        InvalidJsonError: A JSON field holds something else.
    """
    found: dict[str, Any] = {}
    for field in fields:
        value = sent.get(field.name)
        if field.kept is not None and not value:
            found[field.name] = field.kept
            continue
        if field.shape.kind == "bool":
            found[field.name] = bool(value)
        elif field.shape.kind == "chips":
            found[field.name] = value or []
        elif field.shape.kind == "json" and isinstance(value, str) and value.strip():
            try:
                found[field.name] = orjson.loads(value)
            except orjson.JSONDecodeError:
                raise InvalidJsonError(field.name) from None
        elif isinstance(value, str) and value.strip():
            # Spaces around a name are a slip; in a password or a longer text they may be meant.
            keep = field.shape.type == "password" or field.shape.kind == "lines"
            found[field.name] = value if keep else value.strip()
        elif field.nullable:
            found[field.name] = None
        elif field.shape.kind in {"text", "lines"} and not field.required and not field.shape.type:
            found[field.name] = ""
    return found
