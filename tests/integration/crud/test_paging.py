"""Pages: no gap and no repetition, whatever is stored and deleted meanwhile, on any kind of server."""

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.crud.desk import ANNA, BERT, Desk, Diary, Order, Part, Ticket
from webos.data.crud.cursor import Cursor
from webos.kernel.context import acting_as
from webos.kernel.errors import InvalidInputError

COUNT = 45


@pytest.fixture(params=[True, False], ids=["reads all matches", "gives the first at once"])
def kind(request: pytest.FixtureRequest, desk: Desk) -> bool:
    """Treat the server as one of either kind."""
    reads_all: bool = request.param
    desk.database.adapt(replace(desk.database.traits, reads_all_matches=reads_all))
    return reads_all


async def walk(desk: Desk, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all items, page by page."""
    items: list[dict[str, Any]] = []
    async with desk.client() as client:
        cursor = None
        while True:
            params = {**query, **({"cursor": cursor} if cursor else {})}
            answer = await client.get(path, params=params)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert len(page["items"]) <= query.get("limit", 50)
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize(
    "sort", ["weight", "-weight", "name", "-name", "price", "-price", "seen_at", "-id", "id", "active"]
)
async def test_pages_make_the_whole_in_order(desk: Desk, sort: str) -> None:
    """All pages together are all documents once, in the order asked for, with equal and empty values too."""
    chance = random.Random(sort)  # noqa: S311 - no secret
    with acting_as(ANNA):
        for n in range(COUNT):
            await Part(
                sku=f"S-{n}",
                name=chance.choice([None, "", "a", "b"]),
                weight=chance.choice([None, 0, 1.5, -2.0]),
                price=chance.choice([None, "1.10", "2"]),
                seen_at=chance.choice([None, "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"]),
                active=chance.choice([True, False]),
            ).insert()
    items = await walk(desk, "/parts", sort=sort, limit=7)

    assert len({each["id"] for each in items}) == COUNT
    name = sort.removeprefix("-")
    keys = [(each[name] is not None, _comparable(each[name]), each["id"]) for each in items]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def _comparable(value: Any) -> Any:
    if value is None:
        return 0
    return float(value) if isinstance(value, str) and len(value) < 6 and value[:1].isdigit() else value


@pytest.mark.usefixtures("kind")
async def test_what_is_stored_meanwhile_moves_nothing(desk: Desk) -> None:
    """Documents that are stored, changed or deleted between two pages cause neither gap nor repetition of others."""
    with acting_as(ANNA):
        orders = [await Order(number=str(n), quantity=n * 10).insert() for n in range(30)]
        first = await desk.orders.list(sort="quantity", limit=10)
        before = {each.quantity for each in first.items}
        await Order(number="early", quantity=5).insert()
        await Order(number="late", quantity=155).insert()
        await orders[9].delete()
        await orders[3].delete()
        await orders[12].delete()
        await orders[0].set({Order.quantity: 1000})
        second = await desk.orders.list(sort="quantity", limit=10, cursor=first.next)
        rest = await desk.orders.list(sort="quantity", limit=50, cursor=second.next)

    after = [each.quantity for each in [*second.items, *rest.items]]
    assert before == {n * 10 for n in range(10)}
    assert [each for each in after if each not in {155, 1000}] == [n * 10 for n in range(10, 30) if n != 12]


async def test_a_page_goes_on_when_its_list_of_ids_is_gone(desk: Desk) -> None:
    """After the kept lists of ids are gone, as in another process, the next page begins where the last one ended."""
    with acting_as(ANNA):
        for n in range(30):
            await Order(number=str(n), quantity=n // 3).insert()
        for sort in ("quantity", "-quantity", "id", "-id", "number"):
            first = await desk.orders.list(sort=sort, limit=10)
            direct = await desk.orders.list(sort=sort, limit=10, cursor=first.next)
            await desk.tables.close()
            later = await desk.orders.list(sort=sort, limit=10, cursor=first.next)
            assert [each.id for each in later.items] == [each.id for each in direct.items]


@pytest.mark.usefixtures("kind")
async def test_ids_of_other_types_and_the_order_of_the_model(desk: Desk) -> None:
    """Documents with ids of their own type are listed in pages, in the order that the model declares."""
    with acting_as(ANNA):
        for n in range(12):
            await Ticket(title=f"{n % 4}").insert()
    items = await walk(desk, "/tickets", limit=5)

    assert len({each["id"] for each in items}) == 12
    assert [each["title"] for each in items] == sorted(each["title"] for each in items)


@pytest.mark.usefixtures("kind")
async def test_a_cursor_opens_nothing_for_others(desk: Desk) -> None:
    """With another user's cursor one sees one's own documents only."""
    with acting_as(ANNA):
        for n in range(10):
            await Diary(title=f"anna {n}").insert()
    with acting_as(BERT):
        for n in range(10):
            await Diary(title=f"bert {n}").insert()
    async with desk.client() as client:
        cursor = (await client.get("/diaries?limit=2&sort=title")).json()["next"]
    async with desk.client("bert") as client:
        answer = await client.get("/diaries", params={"limit": 50, "sort": "title", "cursor": cursor})

    assert {each["title"].partition(" ")[0] for each in answer.json()["items"]} == {"bert"}


@pytest.mark.usefixtures("kind")
async def test_a_cursor_of_another_order_is_refused(desk: Desk) -> None:
    """A cursor belongs to its order; one that was made by hand brings no operator into the query."""
    with acting_as(ANNA):
        for n in range(5):
            await Order(number=str(n)).insert()
        page = await desk.orders.list(sort="number", limit=2)
        with pytest.raises(InvalidInputError):
            await desk.orders.list(sort="-number", limit=2, cursor=page.next)
        for value in ({"$gt": ""}, [1], {"$where": "1"}):
            made = Cursor("number", value, "x").encode()
            with pytest.raises(InvalidInputError):
                await desk.orders.list(sort="number", cursor=made)
        odd = Cursor("number", 5, "no id", "no handle", -5).encode()
        assert (await desk.orders.list(sort="number", cursor=odd)).items is not None
