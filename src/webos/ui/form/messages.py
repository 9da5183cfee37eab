"""Validation messages in the user's words."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

__all__ = ["messages_of"]

_TEXTS = {
    "missing": "Please fill this in.",
    "string_type": "Please fill this in.",
    "string_too_short": "At least {min_length} characters.",
    "string_too_long": "At most {max_length} characters.",
    "string_pattern_mismatch": "This does not have the expected form.",
    "too_short": "At least {min_length} of them.",
    "too_long": "At most {max_length} of them.",
    "greater_than": "Must be more than {gt}.",
    "greater_than_equal": "Must be at least {ge}.",
    "less_than": "Must be less than {lt}.",
    "less_than_equal": "Must be at most {le}.",
    "multiple_of": "Must be a multiple of {multiple_of}.",
    "int_parsing": "Please enter a whole number.",
    "int_from_float": "Please enter a whole number.",
    "float_parsing": "Please enter a number.",
    "decimal_parsing": "Please enter a number.",
    "finite_number": "Please enter a finite number.",
    "decimal_max_places": "At most {decimal_places} digits after the point.",
    "decimal_max_digits": "At most {max_digits} digits.",
    "bool_parsing": "Please choose yes or no.",
    "enum": "Please choose one of the options.",
    "literal_error": "Please choose one of the options.",
    "date_parsing": "Please enter a date.",
    "date_from_datetime_parsing": "Please enter a date.",
    "datetime_parsing": "Please enter a date and a time.",
    "datetime_from_date_parsing": "Please enter a date and a time.",
    "time_parsing": "Please enter a time.",
    "url_parsing": "Please enter an address such as https://example.com.",
    "uuid_parsing": "This is not a valid id.",
    "json_invalid": "This is not valid JSON.",
}


def messages_of(error: ValidationError) -> dict[str, str]:
    """Return one message for each field that is wrong; what concerns no single field stands under an empty name."""
    messages: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        messages.setdefault(name, _say(problem["type"], problem["msg"], problem.get("ctx") or {}))
    return messages


def _say(kind: str, message: str, context: Mapping[str, Any]) -> str:
    if kind in _TEXTS:
        return _TEXTS[kind].format(**context)
    if kind == "string_too_short" and context.get("min_length") == 1:
        return _TEXTS["missing"]
    said = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return said if said.endswith((".", "!", "?")) else f"{said}."
