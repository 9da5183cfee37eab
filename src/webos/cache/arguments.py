"""Arguments of a call as a short text that is the same for the same call, in every process."""

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from hashlib import blake2b
from typing import Any

import msgpack
from pydantic import BaseModel

from webos.cache.errors import UncacheableValueError
from webos.cache.packing import pack

__all__ = ["CallKey"]

_RECEIVERS = ("self", "cls")


class CallKey:
    """Makes keys of a function's calls.

    The function's code is part of the key: after it was changed, results of the old code are not read.

    Args:
        function: The function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._signature = inspect.signature(function)
        names = list(self._signature.parameters)
        self._skipped = 1 if names and names[0] in _RECEIVERS else 0
        code = function.__code__
        made_of = code.co_code + repr([each for each in code.co_consts if not inspect.iscode(each)]).encode()
        self._name = f"{function.__qualname__}.{blake2b(made_of, digest_size=6).hexdigest()}"

    def of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """Return the key of a call; a service's method is the same for every instance.

        Raises:
            UncacheableValueError: An argument is not plain data.
            TypeError: The function cannot be called like that.
        """
        if len(args) == self._skipped and not kwargs:
            return self._name
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = list(bound.arguments.items())[self._skipped :]
        try:
            packed = msgpack.packb([_plain(each) for each in values], strict_types=True)
        except (TypeError, ValueError, RecursionError, UncacheableValueError) as error:
            msg = f"{self._name.rpartition('.')[0]} is memoized, and an argument is not plain data: {error}"
            raise UncacheableValueError(msg) from error
        return f"{self._name}.{blake2b(packed, digest_size=16).hexdigest()}"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any argument
    kind = type(value)
    if isinstance(value, Enum):
        return ["enum", kind.__qualname__, value.name]
    if isinstance(value, BaseModel):
        return ["model", kind.__qualname__, _plain(value.model_dump())]
    if kind in {list, tuple, dict, set, frozenset}:
        return [kind.__name__, *_parts(value)]
    if kind in {bool, float, str, bytes, type(None)}:
        return [kind.__name__, value]
    packed = pack(value)
    return [kind.__name__, str(packed) if isinstance(packed, int) else packed]


def _parts(value: Any) -> list[Any]:  # noqa: ANN401 - any collection
    if isinstance(value, dict):
        return sorted(([_plain(name), _plain(each)] for name, each in value.items()), key=repr)
    parts = [_plain(each) for each in value]
    return sorted(parts, key=repr) if isinstance(value, set | frozenset) else parts
