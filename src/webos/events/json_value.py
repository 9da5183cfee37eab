"""What may travel with an event or a task: JSON, and nothing that would change on the way."""

import json
import math
from typing import Any

from webos.kernel.errors import InvalidInputError

__all__ = ["MOST_BYTES", "demand_json"]

MOST_BYTES = 256 * 1024
"""How long a payload, arguments, a checkpoint or a result may be as JSON text. What is longer belongs into a file or documents."""


def demand_json(value: Any, what: str) -> None:  # noqa: ANN401 - that is the question
    """Refuse what is not JSON: None, booleans, numbers, text, lists, and dictionaries with text as keys.

    Args:
        value: What to look at. Tuples are taken for lists.
        what: Its name in the message.

    Raises:
        InvalidInputError: Something in it is not JSON, or it is longer than `MOST_BYTES`; the message says where.
    """
    try:
        _look(value, what)
        size = len(json.dumps(value))
    except RecursionError:
        msg = f"{what} contains itself or is nested too deeply"
        raise InvalidInputError(msg) from None
    if size > MOST_BYTES:
        msg = f"{what} is {size} bytes long, {MOST_BYTES} are allowed; keep it in a file or in documents"
        raise InvalidInputError(msg)


def _look(value: Any, what: str) -> None:  # noqa: ANN401 - any value
    if isinstance(value, list | tuple):
        for number, item in enumerate(value):
            _look(item, f"{what}[{number}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if type(key) is not str:
                msg = f"{what} has the key {key!r}; keys must be text"
                raise InvalidInputError(msg)
            _look(item, f"{what}[{key!r}]")
    elif isinstance(value, float) and not math.isfinite(value):
        msg = f"{what} is {value}, which JSON does not know"
        raise InvalidInputError(msg)
    elif value is not None and type(value) not in {bool, int, float, str}:
        msg = f"{what} is a {type(value).__qualname__}; only None, booleans, numbers, text, lists and dictionaries can travel"
        raise InvalidInputError(msg)
