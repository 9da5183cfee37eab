"""The routes of a model: what they answer, to whom, and what they say about themselves."""

import json
from typing import Any

import pytest
from beanie import PydanticObjectId

from tests.integration.crud.desk import ANNA, Desk, Order, Part, Status
from webos.kernel.context import acting_as

PART = {"sku": "A-1", "name": "Bolt", "price": "2.50", "day": "2024-02-29", "tags": ["x"], "code": "s3cret"}


async def create(desk: Desk, path: str, **values: Any) -> dict[str, Any]:
    async with desk.client() as client:
        answer = await client.post(path, json=values)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


async def test_a_document_from_its_creation_to_its_return(desk: Desk) -> None:
    """A document is created, read, changed by its revision, deleted and restored over HTTP."""
    async with desk.client() as client:
        made = await client.post("/parts", json=PART)
        assert made.status_code == 201, made.text
        identity = made.json()["id"]
        assert made.headers["location"] == f"/api/desk/parts/{identity}"
        assert made.headers["etag"] == '"1"'
        assert "s3cret" not in made.text
        assert "code" not in made.json()
        got = await client.get(f"/parts/{identity}")
        assert got.json() == made.json()
        assert (got.json()["price"], got.json()["day"], got.json()["stock"]) == ("2.50", "2024-02-29", 0)
        changed = await client.patch(f"/parts/{identity}", json={"stock": 3}, headers={"If-Match": '"1"'})
        assert (changed.status_code, changed.json()["stock"], changed.headers["etag"]) == (200, 3, '"2"')
        assert changed.json()["name"] == "Bolt"
        stale = await client.patch(f"/parts/{identity}", json={"name": "x"}, headers={"If-Match": '"1"'})
        assert (stale.status_code, stale.json()["code"]) == (409, "webos.conflict")
        assert (await client.delete(f"/parts/{identity}", headers={"If-Match": '"1"'})).status_code == 409
        assert (await client.delete(f"/parts/{identity}", headers={"If-Match": '"2"'})).status_code == 204
        assert (await client.get(f"/parts/{identity}")).status_code == 404
        restored = await client.post(f"/parts/{identity}/restore")
        assert (restored.status_code, restored.json()["stock"]) == (200, 3)
        assert (await client.post(f"/parts/{identity}/restore")).status_code == 404
        async with desk.client() as again:
            assert (await again.get(f"/parts/{identity}")).status_code == 200
    with acting_as(ANNA):
        part = await Part.get(identity)
        assert part is not None
        assert await part.reveal("code") == "s3cret"


@pytest.mark.parametrize(
    ("user", "statuses"),
    [
        ("anonymous", [401, 401, 401, 401, 401, 401]),
        ("stranger", [403, 403, 403, 403, 403, 403]),
        ("reader", [200, 200, 403, 403, 403, 403]),
        ("writer", [200, 200, 201, 200, 403, 204]),
        ("anna", [200, 200, 201, 200, 404, 204]),
    ],
)
async def test_each_action_needs_its_permission(desk: Desk, user: str, statuses: list[int]) -> None:
    """Reading, writing and restoring each need what the manifest declares for them."""
    made = await create(desk, "/parts", sku="A-1")
    one = f"/parts/{made['id']}"
    async with desk.client(user) as client:
        answers = [
            await client.get("/parts"),
            await client.get(one),
            await client.post("/parts", json={"sku": "A-2"}),
            await client.patch(one, json={"stock": 1}),
            await client.post(f"{one}/restore"),
            await client.delete(one),
        ]

    assert [answer.status_code for answer in answers] == statuses
    for answer in answers:
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"


async def test_what_somebody_else_owns_is_not_there(desk: Desk) -> None:
    """Another user's document answers as one that does not exist, on every route, and is in no list."""
    made = await create(desk, "/diaries", title="Anna's")
    async with desk.client("bert") as client:
        one = f"/diaries/{made['id']}"
        unknown = f"/diaries/{PydanticObjectId()}"
        for path in (one, unknown):
            assert (await client.get(path)).status_code == 404
            assert (await client.patch(path, json={"title": "x"})).status_code == 404
            assert (await client.delete(path)).status_code == 404
            assert (await client.post(f"{path}/restore")).status_code == 404
        assert (await client.get("/diaries")).json() == {"items": [], "next": None}
    async with desk.client() as client:
        await client.delete(one)
    async with desk.client("bert") as client:
        assert (await client.post(f"{one}/restore")).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"), ("stock__near=3", "stock__near"), ("stock=many", "stock"), ("code=s3cret", "code"),
        ("code__gt=a", "code__gt"), ("sort=code", "sort"), ("sort=colour", "sort"), ("limit=0", "limit"),
        ("limit=201", "limit"), ("cursor=abc", "cursor"), ("cursor=", "cursor"), ("stock__gte=1e400", "stock__gte"),
        ("stock__gte=99999999999999999999", "stock__gte"), ("name__contains=" + "x" * 201, "name__contains"),
        ("day=2024-02-30", "day"), ("active=perhaps", "active"), ("extra=x", "extra"), ("tags=x", "tags"),
        ("price__gt=1e9999", "price__gt"), ("seen_at__gt=0001-01-01T00:00:00%2B14:00", "seen_at__gt"),
        ("%24where=1", "$where"), ("stock%5B%24gt%5D=1", "stock[$gt]"),
    ],
)  # fmt: skip
async def test_a_wrong_question_is_answered_with_its_field(desk: Desk, query: str, field: str) -> None:
    """An unknown filter, operator or sort, a secret, and a value that does not fit are 422 with the field's name."""
    async with desk.client() as client:
        answer = await client.get(f"/parts?{query}")

    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "sku"), ({"sku": ""}, "sku"), ({"sku": "x", "stock": -1}, "stock"), ({"sku": "x", "stock": 10**30}, "stock"),
        ({"sku": "x", "colour": "red"}, "colour"), ({"sku": "x", "revision": 7}, "revision"),
        ({"sku": "x", "created_by": "me"}, "created_by"), ({"sku": "x", "_id": "1"}, "_id"), ({"sku": "x", "id": "1"}, "id"),
        ({"sku": "x", "name": "\ud800"}, "name"), ({"sku": "x", "code": "••••••••"}, "code"),
        ({"sku": "x", "price": "1E+9999"}, "price"), ({"sku": "x", "extra": {"a": 10**30}}, "extra"),
        ({"sku": "x", "extra": {"a\0b": 1}}, "extra"), ({"sku": "x", "address": {}}, "address.street"),
        ({"sku": "x", "seen_at": "0001-01-01T00:00:00+14:00"}, "seen_at"), ({"sku": "x", "code": {"key": "k"}}, "code"),
    ],
)  # fmt: skip
async def test_wrong_input_is_answered_with_its_field(desk: Desk, values: dict[str, Any], field: str) -> None:
    """What does not fit the model, or the database, is 422 with the field's name, also in a change."""
    made = await create(desk, "/parts", sku="old")
    async with desk.client() as client:
        body: dict[str, Any] = {"content": json.dumps(values), "headers": {"content-type": "application/json"}}
        answer = await client.post("/parts", **body)
        assert answer.status_code == 422, answer.text
        assert list(answer.json()["errors"]) == [field]
        if values:
            answer = await client.patch(f"/parts/{made['id']}", **body)
            assert answer.status_code == 422, answer.text
            assert list(answer.json()["errors"]) == [field]
        assert len((await client.get("/parts")).json()["items"]) == 1


async def test_frozen_and_foreign_fields_stay(desk: Desk) -> None:
    """A frozen field is set once; fields with another name in the database go by their own."""
    made = await create(desk, "/parts", sku="A", fixed="y", older="before")
    assert (made["fixed"], made["older"]) == ("y", "before")
    async with desk.client() as client:
        refused = await client.patch(f"/parts/{made['id']}", json={"fixed": "z"})
        assert list(refused.json()["errors"]) == ["fixed"]
        assert (await client.patch(f"/parts/{made['id']}", json={"older": "after"})).json()["older"] == "after"
        assert (await client.get("/parts?older=after")).json()["items"][0]["id"] == made["id"]
    stored = await desk.connection.raw["desk.Part"].find_one({})
    assert stored is not None
    assert stored["old_name"] == "after"


async def test_links_go_by_ids_that_exist(desk: Desk) -> None:
    """Links are written, read and filtered as ids; one that does not exist for the user is 422 with its field."""
    part = await create(desk, "/parts", sku="A")
    made = await create(desk, "/orders", number="1", part=part["id"], parts=[part["id"]])
    assert (made["part"], made["parts"]) == (part["id"], [part["id"]])
    async with desk.client() as client:
        found = (await client.get(f"/orders?part={part['id']}&part__isnull=false")).json()["items"]
        assert [each["id"] for each in found] == [made["id"]]
        assert (await client.get(f"/orders?part__ne={part['id']}")).json()["items"] == []
        assert list((await client.get("/orders?part=x")).json()["errors"]) == ["part"]
        missing = str(PydanticObjectId())
        for values in ({"part": missing}, {"parts": [part["id"], missing]}, {"part": "x"}):
            refused = await client.post("/orders", json={"number": "2", **values})
            assert refused.status_code == 422, refused.text
            assert next(iter(refused.json()["errors"])).partition(".")[0] == next(iter(values))
        assert (await client.patch(f"/orders/{made['id']}", json={"part": missing})).status_code == 422
        assert (await client.patch(f"/orders/{made['id']}", json={"part": None})).json()["part"] is None


async def test_a_taken_value_and_a_wrong_state_are_conflicts(desk: Desk) -> None:
    """A value that must be unique and a move that is not allowed are 409 with their field."""
    made = await create(desk, "/orders", number="1")
    async with desk.client() as client:
        taken = await client.post("/orders", json={"number": "1"})
        assert (taken.status_code, list(taken.json()["errors"])) == (409, ["number"])
        illegal = await client.patch(f"/orders/{made['id']}", json={"status": "approved"})
        assert (illegal.status_code, illegal.json()["code"]) == (409, "webos.illegal_move")
        assert "draft" in illegal.json()["detail"]
        assert "pending, cancelled" in illegal.json()["detail"]
        assert (await client.patch(f"/orders/{made['id']}", json={"status": "pending"})).status_code == 200
        begun = await client.post("/orders", json={"number": "2", "status": "approved"})
        assert (begun.status_code, list(begun.json()["errors"])) == (422, ["status"])


@pytest.mark.parametrize("header", ["1", '"x"', "", '"1", "2"', '"' + "9" * 30 + '"'])
async def test_a_wrong_tag_is_refused(desk: Desk, header: str) -> None:
    """A header that names no revision is 422, and changes nothing."""
    made = await create(desk, "/parts", sku="A")
    async with desk.client() as client:
        answer = await client.patch(f"/parts/{made['id']}", json={"stock": 1}, headers={"If-Match": header})
        assert answer.status_code == 422, answer.text
        assert (
            await client.patch(f"/parts/{made['id']}", json={"stock": 1}, headers={"If-Match": "*"})
        ).status_code == 200


async def test_filters_find_what_they_say(desk: Desk) -> None:
    """Each operator finds the documents that it names."""
    with acting_as(ANNA):
        for n in range(10):
            await Order(number=f"N-{n}", quantity=n, note="Even" if n % 2 == 0 else "").insert()
        third = await Order.find_one(Order.quantity == 3)
        assert third is not None
        await third.set({Order.status: Status.CANCELLED})

    async with desk.client() as client:

        async def numbers(query: str) -> str:
            answer = await client.get(f"/orders?sort=quantity&{query}")
            assert answer.status_code == 200, answer.text
            return "".join(str(each["quantity"]) for each in answer.json()["items"])

        assert await numbers("quantity__gte=7") == "789"
        assert await numbers("quantity__gt=2&quantity__lt=6") == "345"
        assert await numbers("quantity__in=1&quantity__in=4") == "14"
        assert await numbers("quantity__ne=0&quantity__lte=2") == "12"
        assert await numbers("number=N-5") == "5"
        assert await numbers("number=n-5") == ""
        assert await numbers("number__startswith=n-5") == "5"
        assert await numbers("number__endswith=7") == "7"
        assert await numbers("note__contains=EV&quantity__gt=5") == "68"
        assert await numbers("note=") == "13579"
        assert await numbers("number__in=N-1&number__in=N-2") == "12"
        assert await numbers("status=cancelled") == "3"
        assert await numbers("status__ne=draft") == "3"
        assert await numbers("status__in=cancelled&status__in=pending") == "3"
        assert await numbers("note__contains=.*") == ""
    with acting_as(ANNA):
        await Part(sku="a", day="2024-05-01", seen_at="2024-05-01T12:00:00Z", price="1.5", weight=1.5).insert()
    async with desk.client() as client:
        for query, count in {
            "day=2024-05-01": 1, "day__gt=2024-05-01": 0, "day__gte=2024-05-01": 1, "day__lt=2024-05-02": 1,
            "seen_at=2024-05-01T14:00:00%2B02:00": 1, "seen_at__gt=2024-05-01T12:00:00Z": 0,
            "seen_at__lte=2024-05-01T12:00:00": 1, "price=1.50": 1, "price__gt=1.5": 0, "weight__gte=1.5": 1,
            "active=true": 1, "active=false": 0, "name__isnull=true": 1, "name__isnull=false": 0,
        }.items():  # fmt: skip
            answer = await client.get(f"/parts?{query}")
            assert (answer.status_code, len(answer.json()["items"])) == (200, count), query


async def test_what_it_says_about_itself_is_true(desk: Desk) -> None:
    """OpenAPI names each filter with its type, the schemas without secrets, and the problems."""
    document = desk.web.openapi()
    paths = document["paths"]
    parameters = {each["name"]: each for each in paths["/api/desk/parts"]["get"]["parameters"]}
    schemas = document["components"]["schemas"]

    assert {"sku", "sku__contains", "stock__gte", "day__lt", "active", "sort", "cursor", "limit"} <= parameters.keys()
    assert not any(name.startswith("code") for name in parameters)
    assert parameters["stock__gte"]["schema"]["type"] == "integer"
    assert not parameters["stock__gte"]["required"]
    assert {"sku", "-sku", "id", "-id"} <= set(parameters["sort"]["schema"]["enum"])
    assert "code" not in schemas["PartRead"]["properties"]
    assert schemas["PartCreate"]["properties"]["code"]["anyOf"][0]["writeOnly"] is True
    assert schemas["PartCreate"]["required"] == ["sku"]
    assert "required" not in schemas["PartUpdate"]
    assert "default" not in schemas["PartUpdate"]["properties"]["stock"]
    assert set(schemas["OrderUpdate"]["properties"]) == {"quantity", "note", "status", "part"}
    assert set(paths["/api/desk/parts/{identity}"]) == {"get", "patch", "delete"}
    change = paths["/api/desk/parts/{identity}"]["patch"]
    assert set(change["responses"]) == {"200", "400", "401", "403", "404", "409", "422", "503"}
    assert list(change["responses"]["409"]["content"]) == ["application/problem+json"]
    assert "If-Match" in [each["name"] for each in change["parameters"]]
    assert "/api/desk/diaries/{identity}/restore" in paths
