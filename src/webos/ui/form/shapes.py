"""Which kind of field a type becomes."""

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import MaxLen
from beanie import Link
from pydantic import BaseModel, SecretBytes, SecretStr

from webos.kernel.labels import label_of

__all__ = ["Shape", "shape_of", "unwrap"]

_LONG_TEXT = 200
_LONG_NAMES = frozenset(
    {"description", "body", "note", "notes", "comment", "comments", "text", "content", "message", "address"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a field looks and behaves.

    Attributes:
        kind: `text`, `lines`, `number`, `bool`, `choice`, `link`, `chips` or `json`.
        type: Type of the browser's input, where it has one of its own.
        input_mode: Which keyboard a phone shows.
        options: The choices of a `choice`.
        max_length: Most characters.
        wide: Whether it takes the whole width.
        target: The document class a `link` leads to.
    """

    kind: str = "text"
    type: str = ""
    input_mode: str = ""
    options: tuple[dict[str, str], ...] = ()
    max_length: int | None = None
    wide: bool = False
    target: Any = None


@dataclass(frozen=True, slots=True)
class _Subject:
    name: str
    annotation: Any
    metadata: Sequence[Any]
    extra: Mapping[str, Any]

    @property
    def cls(self) -> type:
        return self.annotation if isinstance(self.annotation, type) else object


def shape_of(name: str, annotation: Any, metadata: Sequence[Any], extra: Mapping[str, Any]) -> Shape:  # noqa: ANN401 - any annotation
    """Return the shape of a field.

    Args:
        name: Name of the field.
        annotation: Its type, without `Optional` and `Annotated`.
        metadata: What `Annotated` and `Field` said of it.
        extra: The field's `json_schema_extra`; `multiline` there decides over one line or many.
    """
    subject = _Subject(name, annotation, metadata, extra)
    return next(shape for rule in _RULES if (shape := rule(subject)) is not None)


def unwrap(annotation: Any, metadata: list[Any]) -> tuple[Any, bool, list[Any]]:  # noqa: ANN401 - any annotation
    """Take `Annotated` and `Optional` off an annotation.

    Returns:
        The bare type, whether None is a value, and all metadata.
    """
    nullable = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            metadata += more
        elif origin in {Union, types.UnionType}:
            members = [member for member in get_args(annotation) if member is not type(None)]
            nullable = nullable or len(members) < len(get_args(annotation))
            if len(members) != 1:
                return annotation, nullable, metadata
            annotation = members[0]
        else:
            return annotation, nullable, metadata


def _link(subject: _Subject) -> Shape | None:
    origin = get_origin(subject.annotation)
    if isinstance(origin, type) and issubclass(origin, Link):
        return Shape(kind="link", target=get_args(subject.annotation)[0])
    return None


def _boolean(subject: _Subject) -> Shape | None:
    return Shape(kind="bool") if subject.cls is bool else None


def _choice(subject: _Subject) -> Shape | None:
    if get_origin(subject.annotation) is Literal:
        pairs = [(str(value), str(value)) for value in get_args(subject.annotation)]
    elif issubclass(subject.cls, Enum):
        pairs = [(str(member.value), member.name) for member in subject.cls]
    else:
        return None
    return Shape(kind="choice", options=tuple({"value": value, "label": label_of(name)} for value, name in pairs))


def _number(subject: _Subject) -> Shape | None:
    if not issubclass(subject.cls, int | float | Decimal):
        return None
    return Shape(kind="number", input_mode="numeric" if issubclass(subject.cls, int) else "decimal")


def _moment(subject: _Subject) -> Shape | None:
    # A datetime is a date too, so the order counts.
    for cls, kind in ((datetime, "datetime-local"), (date, "date"), (time, "time")):
        if issubclass(subject.cls, cls):
            return Shape(type=kind)
    return None


def _secret(subject: _Subject) -> Shape | None:
    names = {cls.__name__ for cls in subject.cls.__mro__} | {type(item).__name__ for item in subject.metadata}
    if issubclass(subject.cls, SecretStr | SecretBytes) or "Secret" in names:
        return Shape(type="password")
    return None


def _chips(subject: _Subject) -> Shape | None:
    if get_origin(subject.annotation) in {list, set, tuple, frozenset} and _is_plain(get_args(subject.annotation)):
        return Shape(kind="chips", wide=True)
    return None


def _text(subject: _Subject) -> Shape | None:
    if not issubclass(subject.cls, str):
        return Shape() if _is_plain((subject.annotation,)) else None
    longest = next((int(item.max_length) for item in subject.metadata if isinstance(item, MaxLen)), None)
    is_long = subject.name in _LONG_NAMES if longest is None else longest >= _LONG_TEXT
    if subject.extra.get("multiline", is_long):
        return Shape(kind="lines", max_length=longest, wide=True)
    return Shape(max_length=longest)


def _json(_subject: _Subject) -> Shape | None:
    return Shape(kind="json", wide=True)


_RULES: tuple[Callable[[_Subject], Shape | None], ...] = (
    _link,
    _boolean,
    _choice,
    _number,
    _moment,
    _secret,
    _chips,
    _text,
    _json,
)


def _is_plain(arguments: tuple[Any, ...]) -> bool:
    """Return whether values of these types are written as short text."""
    kinds = [unwrap(argument, [])[0] for argument in arguments if argument is not Ellipsis]
    return bool(kinds) and all(
        isinstance(kind, type) and not issubclass(kind, BaseModel | dict | list | set | tuple) for kind in kinds
    )
