"""Fields with a permission of their own, on the routes of a model."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Depends

from tests.integration.crud import desk as desks
from tests.integration.crud.desk import ANNA, open_desk
from webos.auth import require_user
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.kernel.context import Principal, acting_as
from webos.sdk import rest_router

CHIEF = Principal(uuid4(), "chief", grants=frozenset({"desk.*", "hr.*"}))


class Person(CoreDocument):
    """A document with a field that not everybody sees."""

    name: str
    salary: Decimal = Decimal(0)

    class Settings:
        """Who sees what."""

        field_permissions = {"salary": "hr.salary"}  # noqa: RUF012 - read, never changed


async def test_a_hidden_field_shows_and_is_asked_for_nowhere(
    mongo: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who lacks the permission sees the default, cannot filter, sort or set it, and changes the rest without harming it."""
    monkeypatch.setitem(desks.USERS, "chief", CHIEF)
    async with open_desk(mongo, models=(Person,)) as desk:
        desk.web.include_router(rest_router(Person), prefix="/api/desk", dependencies=[Depends(require_user)])
        with acting_as(CHIEF):
            for n in range(3):
                await Person(name=str(n), salary=Decimal(1000 + n)).insert()
        async with desk.client("chief") as client:
            items: list[dict[str, Any]] = (await client.get("/persons?sort=salary")).json()["items"]
            assert [each["salary"] for each in items] == ["1000", "1001", "1002"]
        async with desk.client() as client:
            shown = (await client.get("/persons?sort=name")).json()["items"]
            assert [each["salary"] for each in shown] == ["0", "0", "0"]
            for query in ("sort=salary", "salary__gte=1001", "salary=1000", "salary__in=1000"):
                answer = await client.get(f"/persons?{query}")
                assert answer.status_code in {403, 422}, f"{query}: {answer.text}"
            one = f"/persons/{items[0]['id']}"
            assert (await client.get(one)).json()["salary"] == "0"
            assert (await client.patch(one, json={"salary": "1"})).status_code in {403, 422}
            assert (await client.patch(one, json={"name": "renamed"})).json()["name"] == "renamed"
            assert (await client.post("/persons", json={"name": "x", "salary": "5"})).status_code in {403, 422}
        with acting_as(CHIEF):
            stored = await Person.get(items[0]["id"])
            assert stored is not None
            assert (stored.name, stored.salary) == ("renamed", Decimal(1000))
        with acting_as(ANNA):
            assert await Person.find_all().count() == 3
