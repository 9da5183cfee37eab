"""The routes of views, records and changes: bad input is a 422 that names the field, and nobody comes in without a session."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from tests.integration.table.shop import ANNA, READER, Shop, as_user
from webos.data.audit.service import AuditService
from webos.data.table.tools import TableTools
from webos.kernel.context import ANONYMOUS, Principal
from webos.server.problems import install_problem_handlers
from webos.tasks.service import TaskService
from webos.ui.explorer import change_router, explorer_router, record_router, view_router

BASE = "/api/webos/tables/shop.Product"
ID = "5" * 24
STATE: dict[str, Any] = {"tree": None, "search": "", "sort": [], "columns": [], "density": "compact"}
BAD: list[tuple[str, str, Any, str]] = [
    ("POST", "/views", {"name": "x"}, "state"),
    ("POST", "/views", {"name": " ", "state": STATE}, "name"),
    ("POST", "/views", {"name": "x", "state": {**STATE, "density": "huge"}}, "state.density"),
    ("POST", "/views", {"name": "x", "state": {**STATE, "more": 1}}, "state.more"),
    ("POST", "/views", {"name": "x", "state": {**STATE, "sort": [["key", "asc"]]}}, "key"),
    ("POST", "/views", {"name": "x", "state": {**STATE, "tree": {"join": "x", "items": []}}}, "tree"),
    ("PUT", "/layout", {"state": {**STATE, "columns": [{"field": "a", "width": -1}]}}, "state.columns.0.width"),
    ("POST", "/rows", {"tree": {"items": [{"field": "nope", "type": "blank"}]}}, "nope"),
    ("POST", "/rows", {"tree": []}, "tree"),
    ("POST", f"/rows/{ID}/restore", {"revision": 0}, "revision"),
    ("POST", "/bulk/preview", {"changes": {}}, "changes"),
    ("POST", "/bulk/preview", {"ids": ["x"] * 10_001}, "ids"),
    ("POST", "/bulk/preview", {"query": {"tree": {"items": [{"field": "stock", "type": "x"}]}}}, "stock"),
    ("POST", "/paste", {"rows": []}, "rows"),
    ("POST", "/paste", {"rows": [{"id": ID, "changes": {}}]}, "rows.0.changes"),
    ("POST", "/paste", {"rows": [{"id": ID, "changes": {"stock": 1}, "$set": 1}]}, "rows.0.$set"),
    ("POST", "/trash/restore", {"ids": []}, "ids"),
    ("POST", "/trash/purge", {"ids": "all"}, "ids"),
    ("POST", "/undo", {"change_set": ""}, "change_set"),
]


class Caller:
    """Asks the routes as one user after the other."""

    def __init__(self, shop: Shop, audit: AuditService) -> None:
        tools = TableTools.of(shop.tables, shop.models, shop.database, audit, shop.connection.raw)
        # What is asked here never gets as far as a background task.
        nothing = cast("TaskService", None)
        self.user = ANNA
        app = FastAPI()
        install_problem_handlers(app)
        for router in (
            explorer_router(shop.tables),
            view_router(tools.views),
            record_router(tools),
            change_router(tools, nothing),
        ):
            app.include_router(router)

        async def signed_in(scope: Any, receive: Any, send: Any) -> None:
            with as_user(self.user):
                await app(scope, receive, send)

        transport = httpx.ASGITransport(signed_in, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def ask(self, method: str, path: str, body: Any = None, *, user: Principal = ANNA) -> httpx.Response:
        """Ask as a user."""
        self.user = user
        return await self._client.request(method, BASE + path, json=body)

    async def close(self) -> None:
        """End."""
        await self._client.aclose()


@pytest.fixture
async def caller(shop: Shop) -> AsyncIterator[Caller]:
    """Yield a caller of the routes of the shop."""
    audit = AuditService(shop.models, shop.database, days=365)
    await audit.start()
    made = Caller(shop, audit)
    yield made
    await made.close()


async def test_bad_input_names_the_field(caller: Caller) -> None:
    """Each is a 422 problem with the field's name, never a 500."""
    for method, path, body, field in BAD:
        answer = await caller.ask(method, path, body)
        assert answer.status_code == 422, (path, body, answer.text)
        assert next(iter(answer.json()["errors"])) == field, (path, body, answer.text)


async def test_what_does_not_exist_is_not_found(caller: Caller) -> None:
    """Ids that lead nowhere, or are none, are 404."""
    for method, path, body in (
        ("GET", f"/rows/{ID}", None),
        ("GET", "/rows/nonsense", None),
        ("GET", f"/rows/{ID}/links", None),
        ("GET", f"/rows/{ID}/history", None),
        ("GET", "/links/nope", None),
        ("POST", f"/rows/{ID}/restore", {"revision": 1}),
        ("POST", f"/rows/{ID}/delete", None),
        ("PUT", f"/views/{ID}", {"name": "x", "state": STATE}),
        ("DELETE", "/views/nonsense", None),
        ("POST", "/undo", {"change_set": "nothing"}),
    ):
        answer = await caller.ask(method, path, body)
        assert answer.status_code == 404, (path, answer.text)


async def test_nobody_comes_in_without_a_session_or_a_permission(caller: Caller) -> None:
    """Without a session each route is 401; who may only read gets 403 where something would change."""
    changes: list[tuple[str, str, Any]] = [
        ("POST", "/bulk/preview", {}),
        ("POST", "/bulk", {}),
        ("POST", "/bulk/undo", {"change_set": "x"}),
        ("GET", "/tasks/x", None),
        ("POST", "/tasks/x/cancel", None),
        ("POST", "/paste", {"rows": [{"id": ID, "changes": {"stock": 1}}]}),
        ("GET", "/trash", None),
        ("POST", "/trash/restore", {"ids": [ID]}),
        ("POST", "/trash/purge", {"ids": [ID]}),
        ("POST", f"/rows/{ID}/delete", None),
        ("POST", f"/rows/{ID}/restore", {"revision": 1}),
    ]
    reads: list[tuple[str, str, Any]] = [
        ("GET", "/views", None),
        ("PUT", "/layout", {}),
        ("POST", "/rows", {}),
        ("GET", f"/rows/{ID}", None),
    ]
    for method, path, body in [*changes, *reads]:
        answer = await caller.ask(method, path, body, user=ANONYMOUS)
        assert answer.status_code == 401, (path, answer.text)
    for method, path, body in changes:
        answer = await caller.ask(method, path, body, user=READER)
        assert answer.status_code == 403, (path, answer.text)


async def test_a_kept_view_comes_back(caller: Caller) -> None:
    """A view is listed as it was kept, and a table opens as it was left."""
    state = {**STATE, "tree": {"join": "or", "items": [{"field": "stock", "type": "lessThan", "filter": 3}]}}
    made = (await caller.ask("POST", "/views", {"name": "Low", "shared": True, "state": state})).json()
    await caller.ask("PUT", "/layout", {"state": STATE, "default": made["id"]})
    found = (await caller.ask("GET", "/views")).json()
    assert (found["views"], found["own"], found["default"]) == ([made], STATE, made["id"])
    assert made["state"] == state
    assert (await caller.ask("DELETE", f"/views/{made['id']}", user=READER)).status_code == 404
    assert (await caller.ask("DELETE", f"/views/{made['id']}")).status_code == 204
