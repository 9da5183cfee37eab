"""`Secret`: the type of a field that is stored encrypted and never shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, NoReturn, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from webos.data.secret.errors import SecretSealedError

__all__ = ["MASK", "SearchableSecret", "Secret", "for_guard", "is_sealed"]

MASK = "••••••••"
"""What stands for a secret wherever it is written; it is refused as a new value, so that nobody stores it by mistake."""

_MOST_BYTES = 4 * 1024 * 1024
_SEALED_PARTS = frozenset({"key", "nonce", "text"})


@dataclass(frozen=True, slots=True)
class SearchableSecret:
    """Marks a secret that can be looked up by its exact value: `Annotated[Secret, SearchableSecret()]`.

    A keyed hash is stored beside it, the same for equal values of the field. Who can read the database sees which
    documents have equal values, though not which value.
    """


class Secret:
    """A text that is stored encrypted, and shown nowhere: not in a list, a log, an event or an export.

    In code and forms it is made from a text. Read from the database it is sealed: `await document.reveal("field")`
    opens it. Where it is written, as text or JSON, eight dots stand in its place.

    Args:
        value: The text.

    Raises:
        ValueError: The text is longer than 4 MiB, cannot be encoded, or is the row of dots itself.
    """

    __slots__ = ("_content",)

    _content: str | Mapping[str, Any]

    def __init__(self, value: str | SecretStr) -> None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str):
            msg = "a secret is a text"
            raise TypeError(msg)
        problem = _problem(text)
        if problem:
            raise ValueError(problem)
        object.__setattr__(self, "_content", str.__str__(text))

    @classmethod
    def stored(cls, content: Mapping[str, Any]) -> Self:
        """Return a secret as it is stored, sealed.

        Args:
            content: What the database holds.
        """
        secret = cls.__new__(cls)
        object.__setattr__(secret, "_content", content)
        return secret

    @property
    def sealed(self) -> Mapping[str, Any] | None:
        """What the database holds; None for a text that is not stored yet."""
        return None if isinstance(self._content, str) else self._content

    def get_secret_value(self) -> str:
        """Return the text of a secret that is not stored yet.

        Raises:
            SecretSealedError: It is stored; the `reveal` of its document opens it.
        """
        if isinstance(self._content, str):
            return self._content
        msg = 'a stored secret is opened by its document: await document.reveal("field")'
        raise SecretSealedError(msg)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        msg = "a secret cannot be changed; assign a new one"
        raise AttributeError(msg)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        if isinstance(self._content, str) and isinstance(other._content, str):
            return compare_digest(self._content.encode(), other._content.encode())
        return self._content == other._content

    __hash__ = None  # type: ignore[assignment]  # a hash of the text would tell something about it

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        msg = "a secret cannot be pickled"
        raise TypeError(msg)

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(
            _validate,
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        del schema, handler
        return {"type": "string", "format": "password", "writeOnly": True}


class UnsealedText(str):
    """The text of a new secret on its way to the guard, which seals it. It can be compared, but does not show itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK


def for_guard(secret: Secret) -> Any:  # noqa: ANN401 - what the database holds, or a text
    """Return a secret as the guard takes it: as it is stored, or the text that is to be."""
    return secret.sealed if secret.sealed is not None else UnsealedText(secret.get_secret_value())


def is_sealed(value: object) -> bool:
    """Return whether `value` is what the database gives for a secret; nothing that comes as JSON is."""
    if not isinstance(value, Mapping):
        return False
    if value.keys() >= _SEALED_PARTS:
        return isinstance(value["nonce"], bytes) and isinstance(value["text"], bytes)
    return isinstance(value.get("withheld"), bytes)


def _validate(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, Mapping) and is_sealed(value):
        return Secret.stored(value)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if not isinstance(value, str):
        kind = "string_type"
        raise PydanticCustomError(kind, "Input should be a valid string")
    problem = _problem(value)
    if problem:
        kind = "secret"
        raise PydanticCustomError(kind, problem)
    return Secret(value)


def _problem(text: str) -> str:
    """Return what is wrong with a new value, without saying the value; an empty text where nothing is."""
    if text == MASK:
        return "This is a placeholder, not the value itself"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "This text has characters that are not possible"
    return "This text is too long" if size > _MOST_BYTES else ""
