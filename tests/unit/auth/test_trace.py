"""Continuing a trace."""

import re

import pytest

from webos.auth.trace import trace_id_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
VALID = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize("header", [VALID, f"01-{TRACE}-b7ad6b7169203331-01", f"cc-{TRACE}-b7ad6b7169203331-00-more"])
def test_continues_a_valid_trace(header: str) -> None:
    """The trace id of the caller is taken on, of later versions as well."""
    assert trace_id_of(header.encode()) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TRACE,
        VALID.upper(),
        VALID[:-1],
        f"{VALID}-more",
        f"{VALID}\n",
        f"ff-{TRACE}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}\u00df-b7ad6b7169203331-01",
    ],
)
def test_begins_a_new_one_otherwise(header: str | None) -> None:
    """What is not valid is not believed: it goes into logs and headers."""
    first, second = (trace_id_of(header.encode("latin-1") if header is not None else None) for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first not in {second, TRACE}
