"""`@require_permission`: what may be called only by users who hold a permission."""

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any, TypeVar, cast

from webos.kernel.context import demand
from webos.kernel.permissions import PERMISSION_PATTERN

__all__ = ["PERMISSION_ATTRIBUTE", "check_permission_name", "mark", "require_permission"]

F = TypeVar("F", bound=Callable[..., Any])

_DESCRIPTORS: tuple[type, ...] = (staticmethod, classmethod)

PERMISSION_ATTRIBUTE = "__webos_permission__"
"""Where a function carries the permission that it requires."""


def check_permission_name(permission: object) -> None:
    """Refuse what is no name of a permission.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(permission, str) or not PERMISSION_PATTERN.fullmatch(permission):
        msg = f"{permission!r} is not a permission name such as inventory.read"
        raise ValueError(msg)


def mark(function: Callable[..., Any], permission: str) -> None:
    """Note on a function which permission it requires."""
    setattr(function, PERMISSION_ATTRIBUTE, permission)


def require_permission(permission: str) -> Callable[[F], F]:
    """Let only users with a permission call a function.

    It serves functions, methods, coroutines, generators and routes, where it stands below the route's decorator. Without a
    user in the context the call is refused. A generator is checked when it is called and when it begins.

    Args:
        permission: Name of the permission; a module's manifest must declare it.

    Raises:
        ValueError: That is no name of a permission.
        TypeError: What is decorated is no function; a class, or a `staticmethod`, `classmethod` or `property`
            instead of the function inside of it.
    """
    check_permission_name(permission)

    def decorate(function: F) -> F:
        if not inspect.isroutine(function) or isinstance(function, _DESCRIPTORS):
            msg = (
                f"@require_permission({permission!r}) decorates functions; "
                "put it below @staticmethod, @classmethod and @property"
            )
            raise TypeError(msg)
        guarded = functools.wraps(function)(_guard(function, permission))
        mark(guarded, permission)
        return cast("F", guarded)

    return decorate


def _guard(function: Callable[..., Any], permission: str) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any signature
            demand(permission)
            return await function(*args, **kwargs)

        return coroutine

    if inspect.isasyncgenfunction(function):

        async def iterate_async(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - any signature
            demand(permission)
            async with aclosing(function(*args, **kwargs)) as items:
                async for item in items:
                    yield item

        return _checked_at_call(iterate_async, permission)

    if inspect.isgeneratorfunction(function):

        def iterate(*args: Any, **kwargs: Any) -> Iterator[Any]:  # noqa: ANN401 - any signature
            demand(permission)
            yield from function(*args, **kwargs)

        return _checked_at_call(iterate, permission)

    return _checked_at_call(function, permission)


def _checked_at_call(function: Callable[..., Any], permission: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - any signature
        demand(permission)
        return function(*args, **kwargs)

    return call
