"""Which permissions a module's code asks for, so that a misspelt one is found at the start."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant

from webos.auth.permissions import PERMISSION_ATTRIBUTE
from webos.kernel.errors import ConfigurationError

__all__ = ["calls_of", "collect_required"]


def collect_required(python_module: ModuleType) -> set[str]:
    """Return the permissions that functions, methods and routes of `python_module` require.

    Args:
        python_module: One file of a module; what it only imports is left out.

    Raises:
        ConfigurationError: A route is registered without the check that its function was given afterwards.
    """
    required: set[str] = set()
    guarded: dict[int, str] = {}
    for function in _functions(python_module):
        for layer in _layers(function):
            permission = getattr(layer, PERMISSION_ATTRIBUTE, None)
            if permission is not None:
                required.add(permission)
                inner = getattr(layer, "__wrapped__", None)
                if inner is not None:
                    guarded[id(inner)] = getattr(layer, "__qualname__", repr(layer))
    for router in vars(python_module).values():
        if isinstance(router, APIRouter):
            for call in calls_of(router):
                if id(call) in guarded:
                    msg = f"{guarded[id(call)]}: put @require_permission below the route's decorator, which now goes round it"
                    raise ConfigurationError(msg)
                required.update(_required_by(call))
    return required


def _functions(python_module: ModuleType) -> Iterator[Any]:
    for value in vars(python_module).values():
        if getattr(value, "__module__", None) != python_module.__name__:
            continue
        if isinstance(value, type):
            for member in vars(value).values():
                yield from _inside(member)
        elif inspect.isroutine(value):
            yield value


def _inside(member: Any) -> Iterator[Any]:  # noqa: ANN401 - anything a class may hold
    if isinstance(member, staticmethod | classmethod):
        yield member.__func__
    elif isinstance(member, property):
        yield from (function for function in (member.fget, member.fset, member.fdel) if function is not None)
    elif inspect.isroutine(member):
        yield member


def _layers(function: Any) -> Iterator[Any]:  # noqa: ANN401 - anything that may be decorated
    """Yield a function and every function it is wrapped around."""
    while function is not None:
        yield function
        function = getattr(function, "__wrapped__", None)


def _required_by(call: Any) -> set[str]:  # noqa: ANN401 - any callable
    found = {getattr(layer, PERMISSION_ATTRIBUTE, None) for layer in _layers(call)}
    return {permission for permission in found if permission is not None}


def calls_of(router: APIRouter) -> Iterator[Any]:
    """Yield every endpoint and dependency of a router, of included ones too."""
    for dependency in router.dependencies:
        yield dependency.dependency
    for route in router.routes:
        included = getattr(route, "original_router", None)
        if isinstance(included, APIRouter):
            yield from calls_of(included)
            context = getattr(route, "include_context", None)
            yield from (dependency.dependency for dependency in getattr(context, "dependencies", ()))
        dependant = getattr(route, "dependant", None)
        if isinstance(dependant, Dependant):
            yield from _dependencies(dependant)


def _dependencies(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _dependencies(inner)
