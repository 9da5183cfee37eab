"""Cells as values, without a database."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.table.shop import Product
from webos.data.transfer.cells import converter_for
from webos.data.transfer.fields import fields_of
from webos.data.transfer.options import ImportOptions


def convert(field: str, cell: Any, **options: Any) -> Any:
    made = converter_for(fields_of(Product)[field], ImportOptions(**options), plain=isinstance(cell, str))
    return cell if made is None else made(cell)


@pytest.mark.parametrize("cell", ["yes", "Y", " TRUE ", "1", "x", "Ja", "wahr", "oui", True])
def test_yes(cell: Any) -> None:
    """Many spellings mean yes."""
    assert convert("active", cell) is True


@pytest.mark.parametrize("cell", ["no", "N", "false", "0", "Nein", "off", False])
def test_no(cell: Any) -> None:
    """Many spellings mean no."""
    assert convert("active", cell) is False


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1.234,56", "1234.56"),
        ("1.234.567", "1234567"),
        ("0,5", "0.5"),
        ("12", "12"),
        ("1.5", "1.5"),
        ("-1.000,0", "-1000.0"),
    ],
)
def test_decimal_commas(cell: str, number: str) -> None:
    """A comma ends the whole part, points separate thousands where they can."""
    assert convert("price", cell, decimal_comma=True) == number


@pytest.mark.parametrize(
    ("cell", "zone", "expected"),
    [
        ("2024-07-01T12:00", "Europe/Berlin", datetime(2024, 7, 1, 10, tzinfo=UTC)),
        ("2024-01-01 12:00:00", "Europe/Berlin", datetime(2024, 1, 1, 11, tzinfo=UTC)),
        ("2024-01-01T12:00:00Z", "Europe/Berlin", datetime(2024, 1, 1, 12, tzinfo=UTC)),
        ("2024-01-01T12:00:00-05:00", None, datetime(2024, 1, 1, 17, tzinfo=UTC)),
        (datetime(2024, 7, 1, 12), "Europe/Berlin", datetime(2024, 7, 1, 10, tzinfo=UTC)),  # noqa: DTZ001 - as in a workbook
    ],
)
def test_times(cell: Any, zone: str | None, expected: datetime) -> None:
    """A time without a zone is in the one that was declared; one with a zone is in its own."""
    assert convert("sold_at", cell, zone=zone) == expected


@pytest.mark.parametrize(
    ("field", "cell", "options"),
    [
        ("sold_at", "2024-03-31T02:30", {"zone": "Europe/Berlin"}),
        ("sold_at", "2024-01-01T12:00", {}),
        ("sold_at", "1700000000", {"zone": "UTC"}),
        ("sold_at", "0001-01-01T00:00", {"zone": "Asia/Tokyo"}),
        ("day", "31.12.2024", {}),
        ("day", "2023-02-29", {}),
        ("active", "maybe", {}),
        ("size", "huge", {}),
        ("price", True, {}),
        ("category", 1.5, {}),
    ],
)
def test_what_is_not_a_value_is_said_in_words(field: str, cell: Any, options: dict[str, Any]) -> None:
    """Also a time that the clocks have jumped over, and a number that only Pydantic would take for a time."""
    with pytest.raises(ValueError, match=r"^[A-Z].*"):
        convert(field, cell, **options)


def test_formats() -> None:
    """Dates may be written in another way that was declared."""
    assert convert("day", "31.12.2024", date_format="%d.%m.%Y") == date(2024, 12, 31)


@pytest.mark.parametrize("cell", ["extra_large", "EXTRA_LARGE", "Extra large", "extra LARGE"])
def test_choices(cell: str) -> None:
    """A choice is known by value, name and label, in any case."""
    assert convert("size", cell) == "extra_large"


@pytest.mark.parametrize(
    ("cell", "items"),
    [("a;b", ["a", "b"]), ('["a;b", "c"]', ["a;b", "c"]), ("[a", ["[a"]), (["x", "y"], ["x", "y"]), ("a", ["a"])],
)
def test_lists(cell: Any, items: list[str]) -> None:
    """A list is JSON or separated text."""
    assert convert("tags", cell) == items


def test_exact_numbers() -> None:
    """Numbers of JSON Lines stay exact for decimals, and whole ones become integers."""
    assert convert("price", Decimal("0.10")) == Decimal("0.10")
    assert convert("stock", Decimal("5.0")) == 5
    assert convert("name", Decimal("0.10")) == "0.10"
