"""Topics `entity:action` and the patterns that match them."""

import re

from webos.kernel.errors import WebOSError

__all__ = ["InvalidTopicError", "check_pattern", "check_topic", "matches"]

_TOPIC = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+")
_PATTERN = re.compile(r"\*|(?:\*|[A-Za-z0-9_.-]+):(?:\*|[A-Za-z0-9_.-]+)")


class InvalidTopicError(WebOSError):
    """A topic or a pattern is not of the form `entity:action`."""

    code = "webos.invalid_topic"
    title = "The topic of an event is not valid"


def check_topic(topic: str) -> None:
    """Refuse what is not a topic.

    Args:
        topic: `entity:action`; both parts are letters, digits, `_`, `.` and `-`.

    Raises:
        InvalidTopicError: It has another form.
    """
    if not _TOPIC.fullmatch(topic):
        msg = f"{topic!r} is not a topic; a topic is entity:action, as in users:created"
        raise InvalidTopicError(msg)


def check_pattern(pattern: str) -> None:
    """Refuse what is not a pattern of topics.

    Args:
        pattern: A topic in which either part may be `*`, or `*` alone for every topic.

    Raises:
        InvalidTopicError: It has another form.
    """
    if not _PATTERN.fullmatch(pattern):
        msg = f"{pattern!r} matches no topic; write users:created, users:*, *:created or *"
        raise InvalidTopicError(msg)


def matches(pattern: str, topic: str) -> bool:
    """Return whether a valid `pattern` covers a valid `topic`."""
    if pattern in {"*", topic}:
        return True
    entity, _, action = pattern.partition(":")
    topic_entity, _, topic_action = topic.partition(":")
    return entity in {"*", topic_entity} and action in {"*", topic_action}
