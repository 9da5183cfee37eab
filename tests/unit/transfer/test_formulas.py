"""Disarming formulas, and remembering keys."""

from hypothesis import given
from hypothesis import strategies as st

from webos.data.transfer.formulas import disarm, rearm
from webos.data.transfer.seen_keys import SeenKeys

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(st.text(st.sampled_from("=+-@'\t\r\nab "), max_size=6) | st.text(max_size=6))
def test_disarmed_text_is_no_formula_and_comes_back(text: str) -> None:
    """Whatever the text, what is written begins with no sign of a formula, and is read as the text again."""
    assert not disarm(text).startswith(_STARTS)
    assert rearm(disarm(text)) == text


@given(st.lists(st.tuples(st.integers(0, 400), st.text(max_size=2)), max_size=300))
def test_keys_are_remembered_with_their_first_row(keys: list[tuple[int, str]]) -> None:
    """A key that comes again gets the row where it came first, however many there are."""
    seen = SeenKeys()
    first: dict[tuple[int, str], int | None] = {}
    for row, key in enumerate(keys):
        assert seen.add(key, row) == first.setdefault(key, None)
        first[key] = row if first[key] is None else first[key]
    assert len(seen) == len(first)


def test_many_keys() -> None:
    """It grows without forgetting."""
    seen = SeenKeys()
    assert all(seen.add((number,), number) is None for number in range(50_000))
    assert [seen.add((number,), 0) for number in (0, 777, 49_999)] == [0, 777, 49_999]
