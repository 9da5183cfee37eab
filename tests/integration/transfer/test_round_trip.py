"""What is exported and imported again is the same."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.table.shop import ANNA, Category, Product, Size
from tests.integration.transfer.desk import Desk
from webos.data.transfer import FileFormat, LinkForm
from webos.kernel.context import acting_as

_FORMULAS = st.sampled_from(
    [
        "=1+1",
        "'=1+1",
        "''-x",
        "@SUM(A1)",
        "-5",
        "+49 30",
        "\t=x",
        "\r=x",
        "\n=x",
        "\uff1d1",
        "'quoted",
        "[1,2",
        '{"a":',
        "_x000D_",
    ]
)
_PLAIN = st.sampled_from(
    ["0012", "1e5", "NULL", "null", "true", " a ", "a;b", "a,b", 'a"b', "a\r\nb", "ä😀", "\ufeffx", "a\0b"]
)
_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_TEXTS = _FORMULAS | _PLAIN | _ANY
_TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001 - the bounds of Hypothesis have no zone
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)
_PRICES = st.decimals(0, Decimal("1e20"), allow_nan=False, allow_infinity=False, places=4) | st.sampled_from(
    [Decimal("0.10"), Decimal("1E+3"), Decimal("12345678901234567890.1234567890123")]
)
PRODUCTS = st.fixed_dictionaries(
    {
        "name": _TEXTS,
        # An empty text where there may be none is no text in a file; only JSON tells them apart.
        "note": st.none() | _TEXTS.filter(bool),
        "stock": st.integers(0, 2**63 - 1),
        "weight": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "price": st.none() | _PRICES,
        "active": st.none() | st.booleans(),
        "day": st.none() | st.dates(date(1, 1, 1)),
        "sold_at": st.none() | _TIMES,
        "size": st.none() | st.sampled_from(Size),
        "tags": st.lists(_TEXTS, max_size=3),
    }
)


def _content(product: Any) -> dict[str, Any]:
    return {name: value for name, value in product.model_dump(exclude={"key"}).items() if name not in _STAMPS}


_STAMPS = ("created_at", "created_by", "updated_at", "updated_by", "deleted_at", "revision", "revision_id", "category")


@pytest.mark.parametrize("kind", list(FileFormat))
@given(values=st.lists(PRODUCTS, min_size=1, max_size=4), links=st.sampled_from(LinkForm))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_an_export_imported_again_gives_the_same(
    desk: Desk, kind: FileFormat, values: list[dict[str, Any]], links: LinkForm
) -> None:
    """Over an empty collection it makes the same documents with the same ids; over the same ones it changes nothing."""
    with acting_as(ANNA):
        await _clear(desk)
        tools = await Category(name="=Tools, 'n more").insert()
        for number, each in enumerate(values):
            await Product(**each, category=tools if number % 2 else None).insert()
        before = await desk.documents(Product)
        exported = await desk.export(format=kind, links=links)

        again = await desk.run(exported, name=f"file.{kind.value}", mode="upsert", key=["id"])
        assert (again.counts.unchanged, again.counts.failed) == (len(values), 0)

        await desk.shop.connection.raw["shop.Product"].delete_many({})
        record = await desk.run(exported, name=f"file.{kind.value}")
        after = await desk.documents(Product)

    assert record.counts.inserted == len(values)
    assert [each.id for each in after] == [each.id for each in before]
    assert [_content(each) for each in after] == [_content(each) for each in before]
    assert [each.category and each.category.ref.id for each in after] == [
        each.category and each.category.ref.id for each in before
    ]


async def _clear(desk: Desk) -> None:
    for name in ("shop.Product", "shop.Category"):
        await desk.shop.connection.raw[name].delete_many({})
