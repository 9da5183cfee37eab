"""Results of memoized functions: plain data, or what the function's return annotation can make of plain data."""

import typing
from collections.abc import Callable
from functools import cached_property
from typing import Any

from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from webos.cache.errors import UncacheableValueError
from webos.cache.packing import Stored, pack, unpack
from webos.data.document import CoreDocument

__all__ = ["Results"]

# Never begins a msgpack value.
_TYPED = b"\xc1"


class Results:
    """Packs and unpacks what a function returns.

    Args:
        function: The function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @cached_property
    def _adapter(self) -> TypeAdapter[Any] | None:
        try:
            annotation = typing.get_type_hints(self._function).get("return")
            return None if annotation is None else TypeAdapter(annotation)
        except (NameError, TypeError, PydanticSchemaGenerationError, PydanticUserError):
            return None

    def pack(self, value: Any) -> Stored:  # noqa: ANN401 - any result
        """Return a result as it is kept.

        Raises:
            UncacheableValueError: It is neither plain data nor of the type that the function is annotated with.
        """
        try:
            return pack(value)
        except UncacheableValueError:
            if self._adapter is None or _has_documents(value):
                raise
        try:
            plain = self._adapter.dump_python(value, warnings="error")
        except ValueError as error:
            msg = f"{self._function.__qualname__} returned something else than it is annotated with"
            raise UncacheableValueError(msg) from error
        packed = pack(plain)
        typed = _TYPED + packed if isinstance(packed, bytes) else packed
        if self.unpack(typed) != (True, value):
            msg = f"{self._function.__qualname__} is not annotated with what it returns: it would come back as something else"
            raise UncacheableValueError(msg)
        return typed

    def unpack(self, stored: Stored) -> tuple[bool, Any]:
        """Return whether the stored result can be used, and the result."""
        if isinstance(stored, int) or not stored.startswith(_TYPED):
            return True, unpack(stored)
        if self._adapter is None:
            return False, None
        try:
            return True, self._adapter.validate_python(unpack(stored[1:]))
        except ValidationError:
            # Kept by a version of the model that has changed since.
            return False, None


def _has_documents(value: Any) -> bool:  # noqa: ANN401 - any result
    if isinstance(value, CoreDocument):
        return True
    if isinstance(value, dict):
        return any(_has_documents(each) for each in value.values())
    return isinstance(value, list | tuple | set | frozenset) and any(_has_documents(each) for each in value)
