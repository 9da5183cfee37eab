"""What kinds of values the fields of a model can hold."""

from collections.abc import Collection
from dataclasses import is_dataclass
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from beanie import BackLink, Link
from pydantic import BaseModel

__all__ = ["may_hold"]


def may_hold(kind: type, model: type[BaseModel]) -> bool:
    """Return whether documents of a model may hold values of `kind`, at any depth; if in doubt, they may.

    Args:
        kind: The type looked for.
        model: The model; what its links lead to does not count.
    """
    return _holds(kind, model, set())


def _holds(kind: type, annotation: Any, seen: set[Any]) -> bool:  # noqa: ANN401 - annotations are of any type
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Literal, Link, BackLink} or annotation in {None, NoneType}:
        return False
    if arguments:
        parts = arguments[:1] if origin is Annotated else arguments
        return any(_holds(kind, part, seen) for part in parts if part is not ...)
    if not isinstance(annotation, type) or annotation in {Any, object}:
        return True
    if issubclass(annotation, BaseModel):
        return _holds_in_model(kind, annotation, seen)
    if issubclass(annotation, (str, bytes)):
        return False
    return issubclass(annotation, (kind, Collection)) or is_dataclass(annotation)


def _holds_in_model(kind: type, model: type[BaseModel], seen: set[Any]) -> bool:
    if model in seen:
        return False
    seen.add(model)
    if model.model_config.get("extra") == "allow":
        return True
    return any(_holds(kind, field.annotation, seen) for field in model.model_fields.values())
