"""Which fields of a model are secrets."""

import types
from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from beanie import BackLink, Document, Link
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from webos.data.secret.value import SearchableSecret, Secret

__all__ = ["holds_secret", "secret_fields"]


def secret_fields(model: type[BaseModel]) -> Mapping[str, bool]:
    """Return the stored names of the secret fields of a model, and whether each is searchable.

    Raises:
        ValueError: A secret is inside of something else, where nothing would seal it.
    """
    found: dict[str, bool] = {}
    for name, info in model.model_fields.items():
        marks: list[Any] = list(info.metadata)
        if _bare(info.annotation, marks) is Secret:
            found[info.alias or name] = any(isinstance(mark, SearchableSecret) for mark in marks)
        elif holds_secret(info.annotation):
            msg = (
                f"{model.__name__}.{name} holds a secret inside of something else; "
                "a secret is a field of the document itself, Secret or Secret | None"
            )
            raise ValueError(msg)
    return found


def holds_secret(annotation: Any) -> bool:  # noqa: ANN401 - annotations are of any type
    """Return whether values of an annotation are secrets or have some inside; linked documents do not count."""
    return _holds(annotation, set())


def _holds(annotation: Any, seen: set[type]) -> bool:  # noqa: ANN401 - annotations are of any type
    origin = get_origin(annotation)
    if origin in {Link, BackLink}:
        return False
    if origin is not None:
        return any(_holds(part, seen) for part in get_args(annotation))
    if annotation is Secret or not isinstance(annotation, type) or annotation in seen:
        return annotation is Secret
    seen.add(annotation)
    if issubclass(annotation, BaseModel):
        inside = (field.annotation for field in annotation.model_fields.values())
        return not issubclass(annotation, Document) and any(_holds(part, seen) for part in inside)
    if is_dataclass(annotation):
        return any(_holds(part, seen) for part in get_type_hints(annotation).values())
    return False


def _bare(annotation: Any, marks: list[Any]) -> Any:  # noqa: ANN401 - annotations are of any type
    """Take `Annotated` and `None` off an annotation and collect what was annotated."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            for mark in more:
                marks += mark.metadata if isinstance(mark, FieldInfo) else [mark]
        elif origin in {Union, types.UnionType}:
            members = [member for member in get_args(annotation) if member is not type(None)]
            if len(members) != 1:
                return annotation
            annotation = members[0]
        else:
            return annotation
