"""Stored values as JSON carries them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from bson import DBRef, ObjectId

from webos.data.table.columns import Column, ColumnKind
from webos.data.table.rows import plain_value, projection


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        ("ä", "ä"),
        (Decimal("1.10"), "1.10"),
        (datetime(2024, 1, 2, 3, 4, 5, 678000, UTC), "2024-01-02T03:04:05.678000Z"),
        (datetime(2024, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))), "2024-01-02T01:00:00Z"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (ObjectId(b"\1" * 12), "01" * 12),
        (DBRef("shop", ObjectId(b"\1" * 12)), "01" * 12),
        ([Decimal(1), {"a": None, "b": (1, 2)}], ["1", {"a": None, "b": [1, 2]}]),
        ({"a": [UUID(int=0)]}, {"a": ["00000000-0000-0000-0000-000000000000"]}),
    ],
)
def test_values_become_plain(value: Any, plain: Any) -> None:
    """Numbers and texts stay, decimals keep every digit as text, times are in UTC, what is inside is made plain too."""
    assert plain_value(value) == plain
    orjson.dumps(plain_value(value))


def test_only_what_is_shown_is_read() -> None:
    """Besides the columns only id, revision and time of change are read from the database."""
    columns = [Column("a", "a", "A", ColumnKind.TEXT), Column("b", "stored_b", "B", ColumnKind.INTEGER)]
    assert projection(columns) == {"revision": 1, "updated_at": 1, "a": 1, "stored_b": 1}
