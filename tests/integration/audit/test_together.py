"""An entry and the change of one document in one request, and what happens where that is not possible."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect, DuplicateKeyError, ServerSelectionTimeoutError, WriteConcernError

from tests.integration.audit.journal import brief, entries, stored_row
from tests.integration.data.models import Page
from webos.data.audit.history import History
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError

pytestmark = pytest.mark.usefixtures("tripwire", "library")

Command = Callable[..., Awaitable[dict[str, Any]]]
INFO = ModelInfo("library.Page", "library", Page, None, None)


@pytest.fixture(autouse=True)
def _acting(anna: Principal, library: GuardedDatabase) -> Iterator[None]:
    if not library.traits.writes_across_collections:
        pytest.skip("this server takes no request for several collections")
    with acting_as(anna):
        yield


@contextmanager
def _answering(
    answer: Callable[[Command, dict[str, Any]], Awaitable[dict[str, Any]]],
) -> Iterator[list[dict[str, Any]]]:
    """Let `answer` stand between the driver and the server for requests that hold an entry and its change."""
    seen: list[dict[str, Any]] = []
    command = AsyncDatabase.command

    async def intercepted(self: Any, sent: Any, *args: Any, **options: Any) -> Any:
        async def send(request: dict[str, Any]) -> dict[str, Any]:
            result: dict[str, Any] = await command(self, request, *args, **options)
            return result

        if not isinstance(sent, dict) or "bulkWrite" not in sent:
            return await command(self, sent, *args, **options)
        seen.append(sent)
        return await answer(send, sent)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncDatabase, "command", intercepted)
        yield seen


async def _as_usual(send: Command, request: dict[str, Any]) -> dict[str, Any]:
    return await send(request)


async def _answer_lost(send: Command, request: dict[str, Any]) -> dict[str, Any]:
    await send(request)
    msg = "connection reset"
    raise AutoReconnect(msg)


async def _request_lost(_send: Command, _request: dict[str, Any]) -> dict[str, Any]:
    msg = "connection refused"
    raise AutoReconnect(msg)


async def _entry_only(send: Command, request: dict[str, Any]) -> dict[str, Any]:
    await send({**request, "ops": request["ops"][:1], "nsInfo": request["nsInfo"][:1]})
    msg = "connection reset"
    raise AutoReconnect(msg)


async def test_an_entry_goes_with_its_change(mongo: Connection) -> None:
    """An insert and a save are one request each, with the entry ahead of the change."""
    with _answering(_as_usual) as seen:
        page = await Page(code="it", title="a").insert()
        page.title = "b"
        await page.save()
    assert [[next(iter(operation)) for operation in request["ops"]] for request in seen] == [
        ["insert", "insert"],
        ["insert", "update"],
    ]
    assert all(request["nsInfo"][0]["ns"].endswith("webos.audit") and request["ordered"] for request in seen)
    assert [brief(each) for each in await entries(mongo)] == [
        ("insert", 1, {}),
        ("update", 2, {"title": ("a", "b")}),
    ]


@pytest.mark.parametrize("fault", [_answer_lost, _request_lost, _entry_only])
async def test_a_lost_answer_costs_nothing(fault: Any, mongo: Connection) -> None:
    """Whatever of a request has reached the server, documents and entries are stored once, and nobody sees an error."""
    with _answering(fault):
        page = await Page(code="it", title="a", rank=1).insert()
        page.title = "b"
        await page.save()
        await page.inc({"rank": 2})
        await page.delete()
    stored = await stored_row(mongo, "library.Page", code="it")
    assert (stored["title"], stored["rank"], stored["revision"]) == ("b", 3, 4)
    assert stored["deleted_at"] is not None
    assert [brief(each) for each in await entries(mongo)] == [
        ("insert", 1, {}),
        ("update", 2, {"title": ("a", "b")}),
        ("update", 3, {"rank": (1, 3)}),
        ("delete", 4, {}),
    ]


@pytest.mark.parametrize("is_made", [True, False])
async def test_others_may_follow_before_the_answer_is_missed(is_made: bool, mongo: Connection, bert: Principal) -> None:  # noqa: FBT001
    """A change whose answer was lost is made once, also if somebody else has changed the document in between."""
    page = await Page(code="it", rank=1).insert()
    collection: Any = Page.get_pymongo_collection()
    others: list[Any] = []

    async def overtaken(send: Command, request: dict[str, Any]) -> dict[str, Any]:
        if others:
            return await send(request)
        others.append(request)
        if is_made:
            await send(request)
        with acting_as(bert):
            await collection.update_one({"_id": page.id}, {"$set": {"title": "theirs"}})
        msg = "connection reset"
        raise AutoReconnect(msg)

    with _answering(overtaken):
        result = await collection.update_one({"_id": page.id}, {"$inc": {"rank": 2}})
    assert result.matched_count == 1
    stored = await stored_row(mongo, "library.Page", _id=page.id)
    assert (stored["rank"], stored["title"], stored["revision"]) == (3, "theirs", 3)
    with acting_as(bert):
        shown = await History(collection.database).entries(INFO, page.id, limit=9, before=None)
    assert [(each.revision, sorted(each.changes)) for each in shown] == (
        [(3, ["title"]), (2, ["rank"]), (1, [])] if is_made else [(3, ["rank"]), (2, ["title"]), (1, [])]
    )


async def test_an_entry_in_doubt_is_kept(mongo: Connection) -> None:
    """Where an answer was lost and the id is taken by another document, the entry stays: better one too many."""
    first = await Page(code="it").insert()

    with _answering(_request_lost), pytest.raises(ConflictError):
        await Page(id=first.id, code="other").insert()
    assert [each["documents"] for each in await entries(mongo)] == [[first.id], [first.id]]


async def test_a_server_that_is_not_there_is_told_at_once(mongo: Connection) -> None:
    """No second wait follows where no server was found, and nothing is stored."""
    waits = 0

    async def nobody(_send: Command, _request: dict[str, Any]) -> dict[str, Any]:
        nonlocal waits
        waits += 1
        msg = "no server"
        raise ServerSelectionTimeoutError(msg)

    with _answering(nobody), pytest.raises(ServerSelectionTimeoutError):
        await Page(code="it").insert()
    assert waits == 1
    assert await entries(mongo) == []


async def test_a_change_that_is_not_safe_yet_is_told(mongo: Connection) -> None:
    """A write concern that was not met is an error, and the entry of the change that was made stays."""

    async def unsafe(send: Command, request: dict[str, Any]) -> dict[str, Any]:
        return {**await send(request), "writeConcernError": {"code": 64, "errmsg": "waiting timed out"}}

    with _answering(unsafe), pytest.raises(WriteConcernError, match="timed out"):
        await Page(code="it").insert()
    assert len(await entries(mongo)) == 1
    assert (await stored_row(mongo, "library.Page", code="it"))["revision"] == 1


async def test_a_refused_change_leaves_no_entry(mongo: Connection) -> None:
    """What the server refuses is worded as by the driver's own methods, and nothing of it stays on record."""
    page = await Page(code="it", words=["a"]).insert()
    collection: Any = Page.get_pymongo_collection()
    with _answering(_as_usual) as seen:
        with pytest.raises(DuplicateKeyError):
            await collection.insert_one({"_id": page.id, "code": "other"})
        with pytest.raises(Exception, match="words"):
            await collection.update_one({"_id": page.id}, {"$inc": {"words": 1}})
        assert (await collection.update_one({"_id": page.id, "code": "none"}, {"$inc": {"rank": 1}})).matched_count == 0
    assert len(seen) == 2
    assert [each["operation"] for each in await entries(mongo)] == ["insert"]


async def test_big_documents_go_apart(mongo: Connection) -> None:
    """A document that would make the request too big is stored as before."""
    with _answering(_as_usual) as seen:
        await Page(code="it", title="x" * 5_000_000).insert()
    assert seen == []
    assert len(await entries(mongo)) == 1


async def test_older_servers_take_two_requests(library: GuardedDatabase, mongo: Connection) -> None:
    """A server before MongoDB 8 gets entry and change one after the other."""
    library.adapt(replace(library.traits, major_version=7))
    with _answering(_as_usual) as seen:
        page = await Page(code="it", title="a").insert()
        page.title = "b"
        await page.save()
    assert seen == []
    assert [each["operation"] for each in await entries(mongo)] == ["insert", "update"]
