"""The plain, frozen objects that a granted read gives: the granted fields with their types, links as ids."""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from beanie import BackLink, Link
from bson import DBRef
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.fields import FieldInfo

from webos.data.document import CoreDocument
from webos.data.secret.fields import holds_secret

__all__ = ["Shape", "shape_of"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What rows of a granted read become.

    Attributes:
        model: The class of the objects.
        stored: The stored name of each field.
        links: The fields that hold links.
        identity: Reads an id.
    """

    model: type[BaseModel]
    stored: Mapping[str, str]
    links: frozenset[str]
    identity: TypeAdapter[Any]

    def make(self, row: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an instance of `model`
        """Return a stored row as an object."""
        values: dict[str, Any] = {}
        for name, stored in self.stored.items():
            if stored in row:
                values[name] = _ids(row[stored]) if name in self.links else row[stored]
        return self.model.__pydantic_validator__.validate_python(values)


def shape_of(document: type[CoreDocument], fields: tuple[str, ...]) -> Shape:
    """Return the shape for fields of a document class.

    Raises:
        ValueError: A field does not exist, or cannot be granted.
    """
    definitions: dict[str, Any] = {}
    stored: dict[str, str] = {}
    links: set[str] = set()
    for name in ("id", *(name for name in fields if name != "id")):
        info = document.model_fields.get(name)
        if info is None:
            msg = f"{document.__name__} has no field {name!r}; it has {', '.join(sorted(document.model_fields))}"
            raise ValueError(msg)
        annotation = _annotation(document, name, info)
        if annotation != info.annotation and name != "id":
            links.add(name)
        stored[name] = "_id" if name == "id" else info.alias or name
        definitions[name] = (annotation, _default(name, info))
    model = create_model(
        f"{document.__name__}Data",
        __config__=ConfigDict(frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True),
        __module__=document.__module__,
        **definitions,
    )
    return Shape(model, stored, frozenset(links), TypeAdapter(_bare(document.model_fields["id"].annotation)))


def _annotation(document: type[CoreDocument], name: str, info: FieldInfo) -> Any:  # noqa: ANN401 - an annotation
    if name == "id":
        return _bare(info.annotation)
    if holds_secret(info.annotation):
        msg = f"{document.__name__}.{name} is a secret and cannot be granted"
        raise ValueError(msg)
    annotation = _with_ids(document, name, info.annotation)
    if annotation == info.annotation and info.metadata:
        return Annotated[(annotation, *info.metadata)]
    return annotation


def _with_ids(document: type[CoreDocument], name: str, annotation: Any) -> Any:  # noqa: ANN401 - annotations
    """Return an annotation with the type of the id in the place of each link."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is BackLink:
        msg = f"{document.__name__}.{name} is a back link and is not stored; it cannot be granted"
        raise ValueError(msg)
    if origin is Link:
        target: Any = arguments[0]
        return _bare(target.model_fields["id"].annotation) if hasattr(target, "model_fields") else Any
    if not arguments or origin is None:
        return annotation
    changed = tuple(_with_ids(document, name, each) for each in arguments)
    if changed == arguments:
        return annotation
    if origin is Annotated:
        return changed[0]
    return Union[changed] if origin in {Union, types.UnionType} else origin[changed]  # noqa: UP007 - made at run time


def _bare(annotation: Any) -> Any:  # noqa: ANN401 - annotations
    """Return the annotation of an id without `None`, which a stored one never is."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation


def _default(name: str, info: FieldInfo) -> Any:  # noqa: ANN401 - as Pydantic takes it
    if name == "id" or info.is_required():
        return ...
    if info.default_factory is not None:
        return FieldInfo(default_factory=info.default_factory)
    return info.default


def _ids(value: Any) -> Any:  # noqa: ANN401 - a link as it is stored
    if isinstance(value, DBRef):
        return value.id
    return [_ids(each) for each in value] if isinstance(value, list) else value
