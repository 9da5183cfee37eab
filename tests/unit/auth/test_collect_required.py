"""Finding the permissions that a module's code asks for."""

import functools
from types import ModuleType
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends

from webos.auth import collect_required, require, require_permission
from webos.kernel.context import User
from webos.kernel.errors import ConfigurationError


def module_with(**content: Any) -> ModuleType:
    """Return a Python module that defines `content`."""
    module = ModuleType("shop.parts")
    for value in content.values():
        if isinstance(value, type) or callable(value):
            value.__module__ = module.__name__
    vars(module).update(content)
    return module


def guarded(permission: str) -> Any:
    @require_permission(permission)
    async def function() -> None:
        """Do nothing."""

    return function


def test_finds_functions_and_methods() -> None:
    """Functions, methods, static and class methods and properties are found."""

    class Service:
        @require_permission("a.method")
        async def method(self) -> None:
            """Do nothing."""

        @staticmethod
        @require_permission("a.static")
        def static() -> None:
            """Do nothing."""

        @classmethod
        @require_permission("a.of_class")
        def of_class(cls) -> None:
            """Do nothing."""

        @property
        @require_permission("a.attribute")
        def attribute(self) -> int:
            return 1

    module = module_with(Service=Service, function=guarded("a.function"), number=1)
    assert collect_required(module) == {"a.method", "a.static", "a.of_class", "a.attribute", "a.function"}


def test_finds_every_layer() -> None:
    """Two permissions on one function, and one below another decorator, are all found."""

    @require_permission("a.outer")
    @functools.cache
    @require_permission("a.inner")
    def function() -> None:
        """Do nothing."""

    assert collect_required(module_with(function=function)) == {"a.outer", "a.inner"}


def test_leaves_out_what_is_only_imported() -> None:
    """A service from another file is checked with that file."""
    module = module_with()
    vars(module)["imported"] = guarded("b.read")
    assert collect_required(module) == set()


def test_finds_routes_and_dependencies() -> None:
    """Endpoints that are nowhere else, dependencies of routers, routes and parameters, and included routers are found."""
    inner, router = APIRouter(), APIRouter(dependencies=[Depends(require("a.router"))])

    @inner.get("/inner", dependencies=[Depends(require("a.route"))])
    @require_permission("a.endpoint")
    async def endpoint(user: Annotated[User, Depends(require("a.parameter"))]) -> None:
        """Do nothing."""

    router.include_router(inner, dependencies=[Depends(require("a.include"))])
    found = collect_required(module_with(router=router))
    assert found == {"a.router", "a.route", "a.endpoint", "a.parameter", "a.include"}


def test_refuses_a_check_that_the_route_goes_round() -> None:
    """The decorator above the route's decorator leaves the route open: the module fails and says why."""
    router = APIRouter()

    @require_permission("a.read")
    @router.get("/")
    async def endpoint() -> None:
        """Do nothing."""

    with pytest.raises(ConfigurationError, match="below the route's decorator"):
        collect_required(module_with(router=router, endpoint=endpoint))
