"""`@emits("entity:action")`: the form of a payload, declared where it is written and checked on every `emit`."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from webos.events.topic import check_topic
from webos.kernel.errors import ConfigurationError, InvalidInputError

__all__ = ["InvalidPayloadError", "PayloadForms", "collect_payloads", "emits"]

M = TypeVar("M", bound=type[BaseModel])

_MARK = "__webos_emits__"


class InvalidPayloadError(InvalidInputError):
    """The payload of an event is not what the module that owns the topic has declared."""

    code = "webos.invalid_payload"
    title = "The payload of an event is not valid"


def emits(topic: str) -> Callable[[M], M]:
    """Declare a Pydantic model as the payload of a topic. Whoever emits the topic is held to it.

    Args:
        topic: `entity:action`.

    Raises:
        InvalidTopicError: The topic has another form.
    """
    check_topic(topic)

    def mark(model: M) -> M:
        setattr(model, _MARK, (*vars(model).get(_MARK, ()), topic))
        return model

    return mark


def collect_payloads(part: ModuleType) -> list[tuple[str, type[BaseModel]]]:
    """Return what `@emits` declares in a Python module itself: topics with their models."""
    return [
        (topic, value)
        for value in vars(part).values()
        if isinstance(value, type) and value.__module__ == part.__name__
        for topic in vars(value).get(_MARK, ())
    ]


class PayloadForms:
    """The payloads that are declared, by topic."""

    def __init__(self) -> None:
        self._models: dict[str, type[BaseModel]] = {}
        self._owners: dict[str, str] = {}

    def declare(self, topic: str, model: type[BaseModel], owner: str) -> None:
        """Hold every later event of `topic` to `model`.

        Raises:
            ConfigurationError: Another module has declared the topic.
        """
        if self._owners.get(topic, owner) != owner or self._models.get(topic, model) is not model:
            msg = f"the payload of {topic} is declared by {self._owners[topic]} already, as {self._models[topic].__name__}"
            raise ConfigurationError(msg)
        self._models[topic], self._owners[topic] = model, owner

    def withdraw(self, owner: str) -> None:
        """Forget what the module `owner` has declared."""
        for topic in [topic for topic, each in self._owners.items() if each == owner]:
            del self._models[topic], self._owners[topic]

    def of(self, topic: str) -> type[BaseModel] | None:
        """Return the model of a topic, or None where any payload will do."""
        return self._models.get(topic)

    def owners(self) -> dict[str, str]:
        """Return the modules that have declared a topic, by topic."""
        return dict(self._owners)

    def checked(self, topic: str, payload: dict[str, Any] | BaseModel) -> dict[str, Any]:
        """Return the payload as it is sent: with the defaults of its model, as plain JSON values.

        Args:
            topic: The topic.
            payload: As it was given to `emit`.

        Raises:
            InvalidPayloadError: It does not fit; `fields` says where and why.
        """
        model = self._models.get(topic)
        if model is None:
            return payload.model_dump(mode="json") if isinstance(payload, BaseModel) else payload
        if isinstance(payload, model):
            return payload.model_dump(mode="json")
        values = payload.model_dump() if isinstance(payload, BaseModel) else payload
        try:
            return model.model_validate(values).model_dump(mode="json")
        except ValidationError as error:
            fields = {".".join(map(str, each["loc"])) or "payload": each["msg"] for each in error.errors()}
            reasons = "; ".join(f"{name}: {reason}" for name, reason in fields.items())
            msg = f"{topic} carries {model.__name__}, as {self._owners[topic]} has declared; {reasons}"
            raise InvalidPayloadError(msg, fields=fields) from None
