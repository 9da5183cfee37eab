"""Bad input to the table API over HTTP: each is a 422 problem that names the field, never a 500."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.integration.table.shop import ANNA, Product, Shop, as_user
from webos.data.guard.refusal import GuardRefusalError
from webos.server.problems import PROBLEM_MEDIA_TYPE, install_problem_handlers
from webos.ui.explorer.routes import explorer_router

ROWS = "/api/webos/tables/shop.Product/rows"


@pytest.fixture
async def client(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the table API, signed in as Anna."""
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(explorer_router(shop.tables))

    @app.get("/module-code")
    async def module_code() -> list[dict[str, Any]]:
        return [each.model_dump() for each in await Product.find({"$where": "1"}).to_list()]

    async def signed_in(scope: Any, receive: Any, send: Any) -> None:
        with as_user(ANNA):
            await app(scope, receive, send)

    transport = httpx.ASGITransport(signed_in, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


HUGE = "(a+)+$" * 100
FILTERS: dict[str, tuple[Any, str]] = {
    "unknown column": ({"nothing": {"type": "equals", "filter": "x"}}, "nothing"),
    "operator of the database as a column": ({"$where": {"type": "equals", "filter": "1"}}, "$where"),
    "stamp as a column": ({"created_by": {"type": "equals", "filter": "x"}}, "created_by"),
    "path as a column": ({"tags.0": {"type": "equals", "filter": "x"}}, "tags.0"),
    "secret as a column": ({"key": {"type": "equals", "filter": "hunter2"}}, "key"),
    "operator of the database as a condition": ({"stock": {"$gt": 1}}, "stock"),
    "unknown condition": ({"name": {"type": "regex", "filter": "x"}}, "name"),
    "condition of another kind": ({"name": {"type": "inRange", "filter": "x"}}, "name"),
    "no condition": ({"name": {}}, "name"),
    "condition that is none": ({"name": "x"}, "filter.name"),
    "condition as a list": ({"name": {"type": ["equals"], "filter": "x"}}, "name"),
    "text for a number": ({"stock": {"type": "equals", "filter": "many"}}, "stock"),
    "mapping for a number": ({"stock": {"type": "equals", "filter": {"$gt": 0}}}, "stock"),
    "truth for a number": ({"stock": {"type": "equals", "filter": True}}, "stock"),
    "number beyond the database": ({"stock": {"type": "equals", "filter": 2**70}}, "stock"),
    "number without end": ({"price": {"type": "equals", "filter": "1" * 5000}}, "price"),
    "mapping for a text": ({"name": {"type": "contains", "filter": {"$ne": None}}}, "name"),
    "list for a text": ({"name": {"type": "contains", "filter": ["x"]}}, "name"),
    "huge expression": ({"name": {"type": "contains", "filter": HUGE}}, "name"),
    "text the database cannot hold": ({"name": {"type": "contains", "filter": "a\0b"}}, "name"),
    "no day": ({"day": {"type": "equals", "dateFrom": "someday"}}, "day"),
    "mapping for a day": ({"day": {"type": "equals", "dateFrom": {"$gt": 1}}}, "day"),
    "unknown join": (
        {
            "name": {
                "operator": "XOR",
                "conditions": [{"type": "equals", "filter": "x"}, {"type": "equals", "filter": "y"}],
            }
        },
        "name",
    ),
    "conditions that are none": ({"name": {"operator": "AND", "conditions": "x"}}, "name"),
    "too many conditions": (
        {"name": {"operator": "OR", "conditions": [{"type": "equals", "filter": "x"}] * 500}},
        "name",
    ),
    "column that has no filter": ({"tags": {"type": "equals", "filter": "x"}}, "tags"),
    "link with two conditions": ({"category": {"operator": "OR", "conditions": [{"type": "blank"}]}}, "category"),
}
QUERIES: dict[str, tuple[dict[str, Any], str]] = {
    **{f"filter: {name}": ({"filter": model}, field) for name, (model, field) in FILTERS.items()},
    "sort by what is not there": ({"sort": [["nothing", "asc"]]}, "nothing"),
    "sort by an expression": ({"sort": [[{"$gt": 1}, "asc"]]}, "sort.0.0"),
    "sort in no direction": ({"sort": [["name", "up"]]}, "name"),
    "sort by a link": ({"sort": [["category", "asc"]]}, "category"),
    "search that is too long": ({"search": HUGE}, "search"),
    "search with what is no text": ({"search": {"$ne": 1}}, "search"),
    "range that is none": ({"start": 5, "end": 1}, "start"),
    "start that is none": ({"start": "x"}, "start"),
    "unknown part": ({"where": {"name": "x"}}, "where"),
}


@pytest.mark.parametrize("query", QUERIES)
async def test_a_bad_query_is_a_problem_with_the_name_of_the_field(client: httpx.AsyncClient, query: str) -> None:
    """Unknown fields, operators that are not allowed, wrong types and huge expressions are answered by 422."""
    body, field = QUERIES[query]
    answer = await client.post(ROWS, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "webos.invalid_input"), problem
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    assert problem["errors"].keys() == {field}
    assert problem["errors"][field]


async def test_an_expression_is_only_a_text(client: httpx.AsyncClient) -> None:
    """What would be a slow expression is looked for as it is written, at once."""
    with as_user(ANNA):
        await Product(name="a" * 100 + "b").insert()
        await Product(name="this is (a+)+$ as it is").insert()
    for body in ({"filter": {"name": {"type": "contains", "filter": "(a+)+$"}}}, {"search": "(a+)+$"}):
        rows = (await client.post(ROWS, json=body)).json()["rows"]
        assert [row["name"] for row in rows] == ["this is (a+)+$ as it is"]


async def test_a_bad_change_is_a_problem_with_the_name_of_the_field(shop: Shop, client: httpx.AsyncClient) -> None:
    """Values that do not fit, and fields that nobody may set, are answered by 422."""
    del shop
    with as_user(ANNA):
        product = await Product(name="it").insert()
    for changes, field in (
        ({"stock": "many"}, "stock"),
        ({"stock": {"$inc": 1}}, "stock"),
        ({"created_by": "x"}, "created_by"),
        ({"$set": {"name": "x"}}, "$set"),
        ({"nothing": 1}, "nothing"),
    ):
        answer = await client.patch(f"{ROWS}/{product.id}", json={"changes": changes})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"].keys() == {field}


async def test_what_module_code_may_not_ask_is_an_error_with_words(client: httpx.AsyncClient) -> None:
    """A refusal of the guard is a 403 that says so; what it was stands in the log, not in the answer."""
    answer = await client.get("/module-code")
    assert (answer.status_code, answer.json()["code"]) == (403, GuardRefusalError.code)
    assert answer.json()["detail"] == GuardRefusalError.title
