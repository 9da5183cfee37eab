"""`@subscribe("entity:action")`: handlers are declared where they are written and subscribed by the loader."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from webos.events.subscription import Handler
from webos.events.topic import check_pattern

__all__ = ["collect_subscriptions", "subscribe"]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__webos_topics__"


def subscribe(topic_pattern: str) -> Callable[[F], F]:
    """Declare a function, or a method of a service, as a handler of events.

    It may stand several times above one function.

    Args:
        topic_pattern: `users:created`, `users:*`, `*:created`, or `*` for every event.

    Raises:
        InvalidTopicError: The pattern has another form.
    """
    check_pattern(topic_pattern)

    def mark(function: F) -> F:
        setattr(function, _MARK, (topic_pattern, *getattr(function, _MARK, ())))
        return function

    return mark


def collect_subscriptions(source: ModuleType | object) -> list[tuple[str, Handler]]:
    """Return what `@subscribe` declares in a Python module, or in the class of an object, in the order it is written.

    Args:
        source: A Python module, of which only its own functions count, or an object, whose methods are bound to it.

    Returns:
        Patterns with their handlers.
    """
    if isinstance(source, ModuleType):
        return [
            (topic, value)
            for value in vars(source).values()
            if getattr(value, "__module__", None) == source.__name__
            for topic in _topics(value)
        ]
    # The classes are searched and not the object: looking at the object would run its properties.
    found = {name: _topics(member) for kind in reversed(type(source).__mro__) for name, member in vars(kind).items()}
    return [(topic, getattr(source, name)) for name, topics in found.items() for topic in topics]


def _topics(member: Any) -> tuple[str, ...]:  # noqa: ANN401 - any attribute
    function = member.__func__ if isinstance(member, staticmethod | classmethod) else member
    # Classes are passed over: an instance of a class is not its handler.
    return () if isinstance(function, type) else tuple(getattr(function, _MARK, ()))
