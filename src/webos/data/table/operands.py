"""What a condition compares with: texts, numbers and days, as the database can take them."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from bson.decimal128 import Decimal128

from webos.data.table.columns import Column, ColumnKind
from webos.kernel.errors import InvalidInputError

__all__ = ["day_operand", "number_operand", "text_operand"]

_MAX_TEXT = 200
_INT64 = range(-(2**63), 2**63)


def text_operand(name: str, value: object) -> str:
    """Return a text to look for.

    Raises:
        InvalidInputError: It is none; `fields` names the column.
    """
    if not isinstance(value, str) or not value:
        raise InvalidInputError(fields={name: "A text was expected."})
    if len(value) > _MAX_TEXT:
        raise InvalidInputError(fields={name: f"At most {_MAX_TEXT} characters are possible here."})
    # The database can hold neither in an expression.
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in value):
        raise InvalidInputError(fields={name: "This text has characters that are not possible."})
    return value


def number_operand(column: Column, value: object) -> int | float | Decimal:
    """Return a number to compare with.

    Raises:
        InvalidInputError: It is none; `fields` names the column.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InvalidInputError(fields={column.field: "A number was expected."})
    try:
        number = _parse_number(column.kind, value)
    except (ValueError, ArithmeticError):
        raise InvalidInputError(fields={column.field: "A number was expected."}) from None
    if not _is_possible(number):
        raise InvalidInputError(fields={column.field: "This number is too large."})
    return number


def _is_possible(number: float | Decimal) -> bool:
    if isinstance(number, int):
        return number in _INT64
    return number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)


def _parse_number(kind: ColumnKind, value: float | str) -> int | float | Decimal:
    if kind is ColumnKind.DECIMAL:
        # With the digits and the range that the database can hold, or not at all.
        return Decimal128(Decimal(str(value))).to_decimal()
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value)
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < _INT64.stop else number


def day_operand(column: Column, value: object) -> tuple[datetime, datetime]:
    """Return the beginning of a day and that of the next.

    Raises:
        InvalidInputError: It is none; `fields` names the column.
    """
    try:
        begin = datetime.combine(date.fromisoformat(str(value)[:10]), time(), UTC)
        return begin, begin + timedelta(days=1)
    except (ValueError, OverflowError):
        raise InvalidInputError(fields={column.field: "A date was expected."}) from None
