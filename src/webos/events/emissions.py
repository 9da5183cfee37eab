"""Which topics the code of a module emits, read without running it."""

import ast
from collections.abc import Iterable
from pathlib import Path

from webos.events.topic import InvalidTopicError, check_topic

__all__ = ["written_topics"]


def written_topics(folder: Path) -> set[str]:
    """Return the topics that stand as text in calls of `emit` in the files of a module.

    Args:
        folder: The module's folder.
    """
    return {topic for file in folder.rglob("*.py") for topic in _topics(file)}


def _topics(file: Path) -> Iterable[str]:
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except (OSError, SyntaxError, ValueError):
        # A broken file has its module marked as failed; here it only tells nothing.
        return
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "emit"
            and node.args
        ):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and _is_topic(first.value):
                yield first.value


def _is_topic(text: str) -> bool:
    try:
        check_topic(text)
    except InvalidTopicError:
        return False
    return True
