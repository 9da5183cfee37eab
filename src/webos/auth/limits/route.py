"""Limits of single routes: SlowAPI's decorators, without its silent ways to limit nothing."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from fastapi import APIRouter, Request
from limits import parse_many
from slowapi import Limiter
from slowapi.errors import RateLimitExceeded

from webos.auth.limits.rate import asking
from webos.auth.required import calls_of
from webos.kernel.errors import ConfigurationError, TooManyRequestsError

__all__ = ["RateLimitExceededError", "RouteLimiter", "check_route_limits", "error_of"]


class RateLimitExceededError(TooManyRequestsError):
    """A route was asked more often than it may be.

    Args:
        retry_after: Seconds after which it can be asked again.
    """

    code = "webos.rate_limit_exceeded"
    title = "That was asked too often, please wait a moment"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"{self.title}: {retry_after} s")
        self.retry_after = retry_after


class RouteLimiter(Limiter):
    """SlowAPI's `Limiter`, counting by user: `@limiter.limit("5/minute")` below the decorator of a route.

    The function takes `request: Request`, as SlowAPI demands. Each process counts for itself.
    """

    def __init__(self) -> None:
        # By function: by address, which is the default, each id in a path would have a count of its own.
        super().__init__(key_func=_who, key_style="endpoint")
        self._functions: dict[str, Callable[..., Any]] = {}

    def limit(self, limit_value: Any, *args: Any, **kwargs: Any) -> Callable[..., Any]:  # noqa: ANN401 - those of SlowAPI
        """Limit a function.

        Args:
            limit_value: Such as `5/minute`, or several, `5/minute;50/hour`; or a function that returns that.
            args: Further arguments of SlowAPI's.
            kwargs: The same.

        Raises:
            ConfigurationError: It is no limit, the function takes no `request`, or another one of the module has its name.
        """
        if isinstance(limit_value, str):
            _demand_limits(limit_value)
        decorate = super().limit(limit_value, *args, **kwargs)

        def checked(function: Callable[..., Any]) -> Callable[..., Any]:
            # SlowAPI knows functions by this name only: two of one name would share a limit.
            name = f"{function.__module__}.{function.__name__}"
            inner = inspect.unwrap(function)
            if self._functions.setdefault(name, inner) is not inner:
                msg = f"{name} is limited twice under one name; give the functions different names"
                raise ConfigurationError(msg)
            if "request" not in inspect.signature(function).parameters:
                msg = f"{name} must take `request: Request` to be limited"
                raise ConfigurationError(msg)
            limited: Callable[..., Any] = decorate(function)
            return limited

        return checked

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The functions that are limited, without what they are wrapped in, by name."""
        return self._functions


def check_route_limits(part: ModuleType) -> None:
    """Refuse a file of a module in which a limit stands above a route's decorator: it would limit nothing.

    Raises:
        ConfigurationError: There is one.
    """
    limited = [each for limiter in _all(part, RouteLimiter) for each in limiter.functions.values()]
    for router in _all(part, APIRouter):
        for call in calls_of(router):
            if any(call is function for function in limited):
                name = getattr(call, "__qualname__", repr(call))
                msg = f"{name}: put the limit below the route's decorator, which now goes round it"
                raise ConfigurationError(msg)


def error_of(exceeded: RateLimitExceeded) -> RateLimitExceededError:
    """Return what SlowAPI raised, as an error of ours."""
    return RateLimitExceededError(int(exceeded.limit.limit.get_expiry()) if exceeded.limit is not None else 60)


def _who(request: Request) -> str:
    return asking(request.scope)


def _all(part: ModuleType, kind: type[Any]) -> Iterable[Any]:
    return [value for value in vars(part).values() if isinstance(value, kind)]


def _demand_limits(text: str) -> None:
    try:
        parse_many(text)
    except ValueError:
        msg = f"{text!r} is not a limit such as 5/minute"
        raise ConfigurationError(msg) from None
