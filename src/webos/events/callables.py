"""Telling async functions from plain ones."""

import functools
import inspect
from typing import Any

__all__ = ["is_async"]


def is_async(function: Any) -> bool:  # noqa: ANN401 - anything that can be called
    """Return whether a call of `function` gives a coroutine; partial functions and objects are looked into."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
