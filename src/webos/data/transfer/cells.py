"""Cells as the values they stand for, by the kind of their field. The model itself has the last word."""

import json
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any

from webos.data.table.columns import ColumnKind
from webos.data.transfer.fields import ImportField
from webos.data.transfer.options import EmptyCell, ImportOptions
from webos.data.transfer.source import ABSENT

__all__ = ["Converter", "converter_for", "empty_value"]

Converter = Callable[[Any], Any]
"""Makes a value of a cell that is not empty; raises `ValueError` with a message for people."""

_YES = frozenset({"true", "t", "yes", "y", "on", "1", "x", "ja", "j", "wahr", "oui", "o", "vrai", "si", "sí"})
_NO = frozenset({"false", "f", "no", "n", "off", "0", "nein", "falsch", "non", "faux"})
_NUMBERS = frozenset({ColumnKind.INTEGER, ColumnKind.FLOAT, ColumnKind.DECIMAL})


def converter_for(field: ImportField, options: ImportOptions, *, plain: bool) -> Converter | None:
    """Return what makes values of the cells of a field.

    Args:
        field: The field.
        options: How times, dates, numbers and lists are written.
        plain: Whether every cell is text.

    Returns:
        None where the model takes the cells as they are.
    """
    single = _single(field, options, plain=plain)
    return _list_of(single, options.list_separator) if field.many else single


def empty_value(field: ImportField, options: ImportOptions) -> Any:  # noqa: ANN401 - any value
    """Return what an empty cell of a field stands for."""
    match options.empty:
        case EmptyCell.NONE:
            return None
        case EmptyCell.DEFAULT:
            return ABSENT if field.required else field.default()
        case EmptyCell.AUTO if field.optional:
            return None
        case EmptyCell.AUTO if field.kind is ColumnKind.TEXT and not field.many:
            return ""
        case EmptyCell.AUTO if field.many:
            return []
    return ABSENT


def _single(field: ImportField, options: ImportOptions, *, plain: bool) -> Converter | None:
    zone = zoneinfo.ZoneInfo(options.zone) if options.zone else None
    kind = field.kind
    if kind in _NUMBERS and options.decimal_comma:
        return _number_with_comma
    if kind is ColumnKind.INTEGER:
        return None if plain else _integer
    if kind is ColumnKind.TEXT:
        return None if plain else _text
    simple: dict[ColumnKind, Converter] = {
        ColumnKind.FLOAT: _not_a_time,
        ColumnKind.DECIMAL: _not_a_time,
        ColumnKind.BOOLEAN: _truth,
        ColumnKind.DATE: lambda cell: _date(cell, options.date_format),
        ColumnKind.DATETIME: lambda cell: _datetime(cell, options.datetime_format, zone),
        ColumnKind.CHOICE: lambda cell: _choice(cell, field),
        ColumnKind.LINK: _reference,
    }
    if kind in simple:
        return None if plain and kind in {ColumnKind.FLOAT, ColumnKind.DECIMAL} else simple[kind]
    return _any


def _list_of(single: Converter | None, separator: str) -> Converter:
    def convert(cell: Any) -> list[Any]:  # noqa: ANN401 - any cell
        items = _items(cell, separator)
        return items if single is None else [single(item) for item in items]

    return convert


def _items(cell: Any, separator: str) -> list[Any]:  # noqa: ANN401 - any cell
    if isinstance(cell, list):
        return cell
    if not isinstance(cell, str):
        return [cell]
    if cell.lstrip().startswith("["):
        try:
            found = json.loads(cell, parse_float=Decimal)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            return found
    return [item.strip() for item in cell.split(separator) if item.strip()]


def _text(cell: Any) -> Any:  # noqa: ANN401 - any cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, (int, Decimal)):
        return str(cell)
    return _iso(cell) if isinstance(cell, datetime) else cell


def _iso(value: datetime) -> str:
    return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")


def _not_a_time(cell: Any) -> Any:  # noqa: ANN401 - any cell
    if isinstance(cell, (bool, datetime)):
        msg = "A number was expected."
        raise ValueError(msg)  # noqa: TRY004 - what the caller reports
    return cell


def _integer(cell: Any) -> Any:  # noqa: ANN401 - any cell
    _not_a_time(cell)
    return int(cell) if isinstance(cell, Decimal) and cell.is_finite() and cell == cell.to_integral_value() else cell


def _number_with_comma(cell: Any) -> Any:  # noqa: ANN401 - any cell
    _not_a_time(cell)
    if not isinstance(cell, str) or "," not in cell:
        # Without a comma every point separates thousands, if it stands where one can stand.
        if isinstance(cell, str) and "." in cell and all(len(part) == 3 for part in cell.strip().split(".")[1:]):  # noqa: PLR2004 - thousands
            return cell.replace(".", "")
        return cell
    return cell.replace(".", "").replace(",", ".")


def _truth(cell: Any) -> Any:  # noqa: ANN401 - any cell
    if isinstance(cell, bool):
        return cell
    word = str(cell).strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    msg = "Yes or no was expected, such as true and false or 1 and 0."
    raise ValueError(msg)


def _date(cell: Any, written: str | None) -> date:  # noqa: ANN401 - any cell
    if isinstance(cell, datetime):
        return cell.date()
    text = str(cell).strip()
    try:
        if written is not None:
            return datetime.strptime(text, written).date()  # noqa: DTZ007 - only the date counts
        return datetime.fromisoformat(text).date() if len(text) > 10 else date.fromisoformat(text)  # noqa: PLR2004 - YYYY-MM-DD
    except ValueError:
        msg = f"A date was expected, written {f'as {written}' if written else 'like 2026-01-31'}."
        raise ValueError(msg) from None


def _datetime(cell: Any, written: str | None, zone: tzinfo | None) -> datetime:  # noqa: ANN401 - any cell
    if isinstance(cell, datetime):
        value = cell
    else:
        text = str(cell).strip()
        try:
            value = datetime.strptime(text, written) if written is not None else datetime.fromisoformat(text)  # noqa: DTZ007 - the zone is set below
        except ValueError:
            msg = f"A time was expected, written {f'as {written}' if written else 'like 2026-01-31T12:00:00+01:00'}."
            raise ValueError(msg) from None
    if value.tzinfo is None:
        if zone is None:
            msg = "This time names no time zone. Say which zone the times of the file are in."
            raise ValueError(msg)
        value = value.replace(tzinfo=zone)
    try:
        known = value.astimezone(UTC)
        if (
            zone is not None
            and value.tzinfo is zone
            and known.astimezone(zone).replace(tzinfo=None) != value.replace(tzinfo=None)
        ):
            msg = "This time does not exist: the clocks were put forward."
            raise ValueError(msg)
    except OverflowError:
        msg = "This time lies outside of what can be stored."
        raise ValueError(msg) from None
    return known


def _choice(cell: Any, field: ImportField) -> Any:  # noqa: ANN401 - any cell
    text = str(cell).strip()
    for spelling in (text, text.casefold()):
        if spelling in field.choices:
            return field.choices[spelling]
    possible = sorted({str(value) for value in field.choices.values()})
    more = " …" if len(possible) > 10 else ""  # noqa: PLR2004 - enough to see the pattern
    msg = f"One of these was expected: {', '.join(possible[:10])}{more}"
    raise ValueError(msg)


def _reference(cell: Any) -> str:  # noqa: ANN401 - any cell
    if isinstance(cell, dict):
        # A link as a table's row has it.
        cell = cell.get("id")
    if not isinstance(cell, (str, int, Decimal)) or isinstance(cell, bool):
        msg = "The id or the name of a linked record was expected."
        raise ValueError(msg)  # noqa: TRY004 - what the caller reports
    return str(cell).strip()


def _any(cell: Any) -> Any:  # noqa: ANN401 - any cell
    """Take a text that is JSON for what it says, for fields that hold structures."""
    if isinstance(cell, str) and cell[:1] in {"{", "["}:
        try:
            return json.loads(cell, parse_float=Decimal)
        except (ValueError, RecursionError):
            return cell
    return _iso(cell) if isinstance(cell, datetime) else cell
