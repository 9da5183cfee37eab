"""Resolving `Link["module.Class"]` once all modules are imported."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from pydantic.errors import PydanticUndefinedAnnotation

from webos.data.model_registry import ModelInfo
from webos.kernel.errors import ConfigurationError

__all__ = ["link_namespace", "resolve_links"]


def link_namespace(models: Iterable[ModelInfo]) -> dict[str, Any]:
    """Return the names that string links may use: for each module one with its classes as attributes."""
    classes: dict[str, dict[str, type]] = {}
    for info in models:
        classes.setdefault(info.module, {})[info.document.__name__] = info.document
    return {module: SimpleNamespace(**members) for module, members in classes.items()}


def resolve_links(info: ModelInfo, namespace: dict[str, Any], own: dict[str, Any]) -> None:
    """Complete a model whose links name classes as strings.

    Args:
        info: The model.
        namespace: Result of `link_namespace` over all models.
        own: Names of the Python module that defines it.

    Raises:
        ConfigurationError: A link names a class that no module has.
    """
    try:
        info.document.model_rebuild(force=True, _types_namespace={**own, **namespace})
    except PydanticUndefinedAnnotation as error:
        msg = f"{info.name} refers to {error.name!r}, which no running module has"
        raise ConfigurationError(msg) from error
    except AttributeError as error:
        msg = f"{info.name} links to a class that does not exist: {error.name!r}"
        raise ConfigurationError(msg) from error
