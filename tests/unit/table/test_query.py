"""What a table is asked for, compiled from an allow-list."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo import ASCENDING, DESCENDING

from webos.data.table.columns import Column, ColumnKind
from webos.data.table.query import compile_filter, compile_search, compile_sort
from webos.kernel.errors import InvalidInputError

CHOICES = (("new", "Brand new"), (7, "Seven"))
COLUMNS = {
    kind.value: Column(kind.value, f"stored_{kind.value}", kind.value.title(), kind, choices=CHOICES)
    for kind in ColumnKind
}
# Everything that could be asked of a column of each kind.
TEXTS = {"contains", "notContains", "equals", "notEqual", "startsWith", "endsWith"}
NUMBERS = {"equals", "notEqual", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual", "inRange"}
DAYS = {"equals", "notEqual", "lessThan", "greaterThan", "inRange"}
EMPTY = {"blank", "notBlank"}
POSSIBLE = {
    ColumnKind.TEXT: TEXTS | EMPTY,
    ColumnKind.INTEGER: NUMBERS | EMPTY,
    ColumnKind.DECIMAL: NUMBERS | EMPTY,
    ColumnKind.FLOAT: NUMBERS | EMPTY,
    ColumnKind.BOOLEAN: {"true", "false"} | EMPTY,
    ColumnKind.DATE: DAYS | EMPTY,
    ColumnKind.DATETIME: DAYS | EMPTY,
    ColumnKind.CHOICE: TEXTS | EMPTY,
    ColumnKind.LINK: TEXTS | EMPTY,
    ColumnKind.OTHER: EMPTY,
}
ALL_TYPES = sorted(set().union(*POSSIBLE.values(), {"", "empty", "regex", "$where", "today"}))
OPERANDS = {"filter": "1", "filterTo": "2", "dateFrom": "2024-01-01", "dateTo": "2024-02-01"}


@pytest.mark.parametrize("kind", ColumnKind)
@pytest.mark.parametrize("condition", ALL_TYPES)
def test_only_listed_conditions_are_possible(kind: ColumnKind, condition: str) -> None:
    """Each kind of column takes its own conditions; any other is refused and names the column."""
    model = {kind.value: {"type": condition, **OPERANDS}}
    if condition in POSSIBLE[kind]:
        compiled, lookups = compile_filter(COLUMNS, model)
        assert [*compiled] == ([] if kind is ColumnKind.LINK else [f"stored_{kind.value}"])
        assert len(lookups) == (kind is ColumnKind.LINK)
    else:
        with pytest.raises(InvalidInputError) as caught:
            compile_filter(COLUMNS, model)
        assert [*caught.value.fields] == [kind.value]


@pytest.mark.parametrize(
    "model",
    [
        {"nothing": {"type": "blank"}},
        {"stored_text": {"type": "blank"}},
        {"$where": {"type": "contains", "filter": "sleep(1)"}},
        {"created_by": {"type": "blank"}},
        {"text": "x"},
        {"text": None},
        {"text": []},
        {"text": {}},
        {"text": {"type": "contains"}},
        {"text": {"type": "contains", "filter": ""}},
        {"text": {"type": "contains", "filter": 5}},
        {"text": {"type": "contains", "filter": {"$ne": None}}},
        {"text": {"type": "contains", "filter": "x" * 201}},
        {"text": {"type": "contains", "filter": "x" * 1_000_000}},
        {"text": {"type": "notContains", "filter": "a\0b"}},
        {"text": {"type": "equals", "filter": "\ud800"}},
        {"text": {"type": {"$gt": 1}, "filter": "x"}},
        {"text": {"conditions": []}},
        {"text": {"conditions": "ab"}},
        {"text": {"conditions": ["ab"]}},
        {"text": {"conditions": {"a": 1}}},
        {"text": {"conditions": [{"type": "blank"}] * 21}},
        {"text": {"conditions": [{"conditions": [{"type": "blank"}]}]}},
        {"integer": {"type": "equals"}},
        {"integer": {"type": "equals", "filter": "five"}},
        {"integer": {"type": "equals", "filter": True}},
        {"integer": {"type": "equals", "filter": [1]}},
        {"integer": {"type": "equals", "filter": 2**63}},
        {"integer": {"type": "equals", "filter": -(2**63) - 1}},
        {"integer": {"type": "equals", "filter": "nan"}},
        {"integer": {"type": "inRange", "filter": 1}},
        {"float": {"type": "lessThan", "filter": "inf"}},
        {"float": {"type": "lessThan", "filter": float("nan")}},
        {"float": {"type": "lessThan", "filter": "1e400"}},
        {"float": {"type": "lessThan", "filter": 10**400}},
        {"decimal": {"type": "lessThan", "filter": "NaN"}},
        {"decimal": {"type": "lessThan", "filter": "sNaN"}},
        {"decimal": {"type": "lessThan", "filter": "-Infinity"}},
        {"decimal": {"type": "lessThan", "filter": "0." + "1" * 40}},
        {"decimal": {"type": "lessThan", "filter": "1e7000"}},
        {"decimal": {"type": "lessThan", "filter": "1,5"}},
        {"boolean": {"type": "equals", "filter": "true"}},
        {"date": {"type": "equals"}},
        {"date": {"type": "equals", "dateFrom": "yesterday"}},
        {"date": {"type": "equals", "dateFrom": 5}},
        {"date": {"type": "equals", "dateFrom": "2024-02-30"}},
        {"datetime": {"type": "greaterThan", "dateFrom": "9999-12-31"}},
        {"datetime": {"type": "inRange", "dateFrom": "2024-01-01", "dateTo": "9999-12-31"}},
        {"datetime": {"type": "inRange", "dateFrom": "2024-01-01"}},
        {"choice": {"type": "equals", "filter": 7}},
        {"link": {"type": "equals"}},
        {"link": {"type": "equals", "filter": "x" * 201}},
        {"link": {"conditions": [{"type": "blank"}]}},
        {"other": {"type": "contains", "filter": "x"}},
    ],
    ids=lambda model: ascii(model)[:60],
)
def test_what_does_not_fit_names_its_column(model: dict[str, Any]) -> None:
    """An unknown column, a value of the wrong type or out of range, a huge text: the user reads which column it is."""
    with pytest.raises(InvalidInputError) as caught:
        compile_filter(COLUMNS, model)
    assert [*caught.value.fields] == [*model]
    assert len(str(caught.value.problem())) < 1000


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*ALL_TYPES, "2024-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "filter", "filterTo", "dateFrom", "dateTo", "conditions", "operator"]) | st.text(),
            inner,
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*COLUMNS]) | st.text(), anything, max_size=3))
def test_nothing_else_ever_happens(model: dict[str, Any]) -> None:
    """Whatever is sent as a filter is compiled or refused as invalid input, with the name of a column."""
    named = [*model]
    try:
        compile_filter(COLUMNS, model)
    except InvalidInputError as error:
        named = [*error.fields]
    assert set(named) <= model.keys()
    assert bool(named) == bool(model)


@given(st.text(min_size=1, max_size=30))
def test_operators_never_come_from_the_user(text: str) -> None:
    """What somebody types is a value in the database's filter and never a key of it."""
    for condition in TEXTS:
        try:
            compiled, _ = compile_filter(COLUMNS, {"text": {"type": condition, "filter": f"${text}"}})
        except InvalidInputError:
            continue
        keys: list[str] = []
        parts: list[Any] = [compiled]
        while parts:
            part = parts.pop()
            if isinstance(part, dict):
                keys += part
                parts += part.values()
        assert set(keys) <= {"stored_text", "$regex", "$options", "$not"}


def test_conditions_of_several_columns_hold_together() -> None:
    """No condition is lost where several columns have several conditions each."""
    twice = {"conditions": [{"type": "greaterThan", "filter": 1}, {"type": "lessThan", "filter": 5}], "operator": "AND"}
    compiled, _ = compile_filter(COLUMNS, {"integer": twice, "float": twice, "decimal": twice})
    text = str(compiled)
    for stored in ("stored_integer", "stored_float", "stored_decimal"):
        assert text.count(stored) == 2


@pytest.mark.parametrize(
    ("sort", "compiled"),
    [
        ([], [("_id", ASCENDING)]),
        ([("text", "asc")], [("stored_text", ASCENDING), ("_id", ASCENDING)]),
        ([("text", "desc")], [("stored_text", DESCENDING), ("_id", DESCENDING)]),
        (
            [("text", "desc"), ("integer", "asc")],
            [("stored_text", DESCENDING), ("stored_integer", ASCENDING), ("_id", ASCENDING)],
        ),
    ],
)
def test_sort_ends_with_the_id(sort: list[tuple[str, str]], compiled: list[tuple[str, int]]) -> None:
    """Equal values are put in order by the id, in the direction of the last column."""
    assert compile_sort(COLUMNS, sort) == compiled


@pytest.mark.parametrize(
    "sort",
    [[("nothing", "asc")], [("link", "asc")], [("other", "desc")], [("text", "up")], [("text", "")], [("_id", "asc")]],
)
def test_a_sort_that_is_not_possible_names_its_column(sort: list[tuple[str, str]]) -> None:
    """An unknown column, one that cannot be sorted by, an unknown direction: the user reads which column it is."""
    with pytest.raises(InvalidInputError) as caught:
        compile_sort(COLUMNS, sort)
    assert [*caught.value.fields] == [sort[0][0]]


def test_search_wants_every_word_in_some_text() -> None:
    """Each word has to be in one of the text columns; without text columns nothing is found, without words everything."""
    compiled = compile_search(COLUMNS, " two  words ")
    assert str(compiled).count("stored_text") == 2
    assert compile_search(COLUMNS, "  ") == {}
    assert compile_search({"integer": COLUMNS["integer"]}, "x") == {"_id": {"$in": []}}


@pytest.mark.parametrize("words", ["x" * 201, "a\0b", "\udfff"])
def test_a_search_that_is_no_text_is_refused(words: str) -> None:
    """A huge word, or one that no database can hold, is invalid input."""
    with pytest.raises(InvalidInputError) as caught:
        compile_search(COLUMNS, words)
    assert [*caught.value.fields] == ["search"]
