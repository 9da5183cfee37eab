"""What a reader sees of a snapshot."""

import re
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.data.changes import Change
from webos.data.table.id_source import Ids
from webos.data.table.snapshot import IdSnapshot
from webos.data.table.view import View, canonical, moves, parse_handle


async def _nothing() -> AsyncIterator[Ids]:
    yield b""


@given(st.from_regex(r"[A-Za-z0-9_-]{16}", fullmatch=True), st.none() | st.binary(max_size=12))
async def test_a_handle_says_what_it_was_made_of(token: str, newest: bytes | None) -> None:
    """A client gets a short text of plain letters and sends it back."""
    snapshot = IdSnapshot(_nothing())
    await snapshot.total()
    handle = View(token, snapshot, newest_first=newest is not None, newest=newest).handle
    assert parse_handle(handle) == (token, newest)
    assert len(handle) <= 40
    assert re.fullmatch(r"[A-Za-z0-9_.=-]+", handle)


@given(st.text())
def test_any_other_text_is_no_handle_at_most(text: str) -> None:
    """Whatever a client sends, it is either read or refused as no handle."""
    try:
        token, _ = parse_handle(text)
    except ValueError:
        return
    assert text.startswith(token)


def test_equal_filters_have_one_text() -> None:
    """The order of the parts does not matter, what is in them does, to the last letter of a long expression."""
    long = "x" * 300
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    assert canonical({"a": re.compile(f"{long}a")}) != canonical({"a": re.compile(f"{long}b")})
    assert canonical({"a": re.compile("x")}) != canonical({"a": re.compile("x", re.IGNORECASE)})


@pytest.mark.parametrize(
    ("fields", "moved"),
    [
        ({"name"}, True),
        ({"stock"}, True),
        ({"note"}, False),
        ({"note", "stock"}, True),
        ({"updated_at", "updated_by", "revision"}, False),
        (set(), False),
    ],
)
def test_only_what_sorts_or_filters_moves_rows(fields: set[str], moved: bool) -> None:  # noqa: FBT001 - a table
    """A change of a field that is neither in the filter nor in the order leaves a snapshot as it is."""
    key = ("shop.Product", "", canonical([{"stock": {"$gt": 5}}, {}, []]), (("name", 1), ("_id", 1)))
    assert moves(key, Change("shop.Product", "update", 1, frozenset(fields))) is moved
