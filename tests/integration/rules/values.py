"""Documents, conditions and users for property tests of rules."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from bson import ObjectId
from hypothesis import strategies as st

from webos.data.rules import ACTING
from webos.kernel.context import Principal

__all__ = ["FIELDS", "USERS", "conditions", "documents", "scalars"]

IDS = [UUID(int=number) for number in (1, 2, 3)]
USERS = [
    Principal(IDS[0], "anna", role_names=("north", "south")),
    Principal(IDS[1], "bert", role_names=("a",)),
    Principal(IDS[2], "cleo"),
]
FIELDS = ("a", "b", "c")
PATHS = (*FIELDS, "a.b", "a.b.c", "b.c")
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
OBJECT_IDS = [ObjectId(f"{number:024x}") for number in (1, 2)]

numbers = st.one_of(
    st.sampled_from([-1, 0, 1, 2, 0.5, 1.0, -0.0, float("nan"), float("inf"), 2**53, 2**53 + 1, float(2**53), 2**62]),
    st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("1.00"), Decimal(-1), Decimal("2.5")]),
)
texts = st.sampled_from(["", "a", "b", "A", "ä", "north", "anna", "1", "\U0001f600"])
times = st.sampled_from([NOON, NOON + timedelta(milliseconds=1), NOON - timedelta(days=1)])
ids = st.sampled_from([*IDS, *OBJECT_IDS])
comparable = st.one_of(numbers, texts, times)
scalars = st.one_of(st.none(), st.booleans(), comparable, ids)

values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=2)),
    max_leaves=6,
)
documents: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)

acting = st.sampled_from([ACTING.id, ACTING.username])
operands = st.one_of(scalars, scalars, acting)
lists = st.one_of(st.lists(operands, max_size=3), st.just(ACTING.roles))


def _tests(*, negated: bool) -> st.SearchStrategy[Mapping[str, Any]]:
    possible: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(("$eq", "$ne"), operands),
        **dict.fromkeys(("$in", "$nin"), lists),
        **dict.fromkeys(("$gt", "$gte", "$lt", "$lte"), comparable),
        "$exists": st.booleans(),
    }
    if negated:
        possible["$not"] = _tests(negated=False)
    return st.lists(st.sampled_from(sorted(possible)), min_size=1, max_size=2, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: possible[name] for name in names})
    )


_fields = st.dictionaries(st.sampled_from(PATHS), st.one_of(operands, _tests(negated=True)), min_size=1, max_size=2)
conditions: st.SearchStrategy[Mapping[str, Any]] = st.recursive(
    _fields,
    lambda inner: st.one_of(
        st.dictionaries(
            st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1, max_size=2), min_size=1, max_size=1
        ),
        st.tuples(_fields, inner).map(lambda both: {**both[0], **both[1]}),
    ),
    max_leaves=4,
)
