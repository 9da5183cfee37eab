"""What people read of an exception: one line, without the values it was about."""

import traceback
from pathlib import Path

from pydantic import ValidationError

__all__ = ["describe_error", "describe_traceback"]

_LONGEST = 500


def describe_error(error: BaseException) -> str:
    """Return kind and message of `error` in one line of at most 500 characters."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename or '?').name}, line {error.lineno})"
    text = _validation(error) if isinstance(error, ValidationError) else " ".join(str(error).split())
    line = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def describe_traceback(error: BaseException) -> str:
    """Return the traceback of `error`; of values that do not validate it tells only what is wrong with them."""
    if isinstance(error, ValidationError):
        return "".join([*traceback.format_tb(error.__traceback__), describe_error(error), "\n"])
    return "".join(traceback.format_exception(error))


def _validation(error: ValidationError) -> str:
    """Leave the input out of Pydantic's messages, for it may be a secret."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        ": ".join(part for part in (".".join(map(str, problem["loc"])), problem["msg"]) if part) for problem in problems
    )
