"""Taking back a change-set: completely where nobody was in between, and never over what others did."""

import time
from typing import Any
from uuid import uuid4

import pytest
from pydantic import model_validator

from tests.integration.audit.journal import stored_row
from tests.integration.data.models import Note, Page
from webos.data.audit.service import AuditService
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.server_traits import ServerTraits
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import NotFoundError, PermissionDeniedError

pytestmark = pytest.mark.usefixtures("tripwire", "library")

EDITOR = Principal(uuid4(), "editor", grants=frozenset({"library.write"}))


async def _state(mongo: Connection, code: str) -> dict[str, Any]:
    row = await stored_row(mongo, "library.Page", code=code)
    return {"live": row["deleted_at"] is None, "title": row["title"], "words": row["words"], "rank": row["rank"]}


async def _edit_all(audit: AuditService) -> str:
    """Insert one page, change one in two steps, delete one, change and delete one, delete and restore one."""
    changed = await Page.find_one(Page.code == "changed")
    deleted = await Page.find_one(Page.code == "deleted")
    both = await Page.find_one(Page.code == "both")
    assert changed is not None
    assert deleted is not None
    assert both is not None
    with audit.change_set("Spring cleaning") as group:
        await Page(code="new", title="new").insert()
        changed.title = "x"
        await changed.save()
        await changed.update({"$push": {"words": "b"}, "$inc": {"rank": 1}})
        await deleted.delete()
        await both.set({"title": "x"})
        await both.delete()
    return group.id


@pytest.fixture
async def pages(audit: AuditService) -> AuditService:
    with acting_as(EDITOR):
        for code in ("changed", "deleted", "both"):
            await Page(code=code, title="a", words=["a"]).insert()
    return audit


BEFORE = {"live": True, "title": "a", "words": ["a"], "rank": 0}


async def test_all_is_as_before(pages: AuditService, mongo: Connection) -> None:
    """Inserts are deleted, deletions restored, old values put back; the undo can be undone, and that again."""
    with acting_as(EDITOR):
        group = await _edit_all(pages)
        after = {code: await _state(mongo, code) for code in ("new", "changed", "deleted", "both")}
        assert after["changed"] == {"live": True, "title": "x", "words": ["a", "b"], "rank": 1}
        told: list[tuple[int, int]] = []

        async def progress(done: int, total: int) -> None:
            told.append((done, total))

        report = await pages.undo(group, progress=progress)
        assert (report.undone, report.skipped, report.conflicts) == (4, 0, [])
        assert told[-1] == (4, 4)
        assert not (await _state(mongo, "new"))["live"]
        for code in ("changed", "deleted", "both"):
            assert await _state(mongo, code) == BEFORE
        entry = (await pages.history(Page, (await stored_row(mongo, "library.Page", code="changed"))["_id"]))[0]
        assert (entry.label, entry.change_set) == ("Undo: Spring cleaning", report.change_set)

        redo = await pages.undo(report.change_set)
        assert (redo.undone, redo.conflicts) == (4, [])
        again = {code: await _state(mongo, code) for code in after}
        assert {code: state["live"] for code, state in again.items()} == dict(
            zip(after, (True, True, False, False), strict=True)
        )
        assert (again["new"], again["changed"]) == (after["new"], after["changed"])
        assert (await pages.undo(redo.change_set)).undone == 4
        assert await _state(mongo, "both") == BEFORE


async def test_undoing_twice_changes_nothing(pages: AuditService, mongo: Connection) -> None:
    """The second undo of the same change-set reports that others changed the documents, and changes nothing."""
    with acting_as(EDITOR):
        group = await _edit_all(pages)
        await pages.undo(group)
        rows = [await stored_row(mongo, "library.Page", code=code) for code in ("new", "changed", "deleted", "both")]
        again = await pages.undo(group)
        assert again.undone == 0
        assert len(again.conflicts) + again.skipped == 4
        after = [await stored_row(mongo, "library.Page", code=code) for code in ("new", "changed", "deleted", "both")]
        assert rows == after


async def test_what_others_changed_since_is_left_alone(pages: AuditService, mongo: Connection) -> None:
    """A document that was changed since is a conflict where the same fields are meant, and else is taken back."""
    with acting_as(EDITOR):
        with pages.change_set("Edit") as group:
            new = await Page(code="new").insert()
            for code in ("changed", "both"):
                await Page.find_one(Page.code == code).update({"$set": {"title": "x"}})
            await Page.find_one(Page.code == "deleted").delete()
        await new.set({"rank": 1})
        await Page.find_one(Page.code == "changed").update({"$set": {"title": "theirs"}})
        await Page.find_one(Page.code == "both").update({"$set": {"rank": 7}})
        restored = await Page.find_deleted({"code": "deleted"})
        await restored[0].restore()
        report = await pages.undo(group)
        assert (report.undone, report.skipped) == (1, 1)
        reasons = {each.document: each.reason for each in report.conflicts}
        changed = await stored_row(mongo, "library.Page", code="changed")
        assert reasons == {new.id: "It was changed since.", changed["_id"]: "Changed since: title."}
        assert changed["title"] == "theirs"
        assert await _state(mongo, "both") == {**BEFORE, "rank": 7}
        assert (await _state(mongo, "new"))["live"]


async def test_a_value_that_is_taken_meanwhile_is_a_conflict(pages: AuditService, mongo: Connection) -> None:
    """A deleted document whose unique value somebody else has now stays deleted."""
    with acting_as(EDITOR):
        with pages.change_set("Delete") as group:
            await Page.find({"code": {"$in": ["deleted", "both"]}}).delete()
            await Page.find_one(Page.code == "changed").update({"$set": {"code": "renamed"}})
        await Page(code="deleted").insert()
        await Page(code="changed").insert()
        report = await pages.undo(group)
        assert report.undone == 1
        assert {each.reason for each in report.conflicts} == {"A value that must be unique is taken by another one."}
        assert len(report.conflicts) == 2
        assert (await _state(mongo, "both"))["live"]
        assert [each["code"] async for each in Page.get_pymongo_collection().find({"code": "renamed"})] == ["renamed"]


async def test_nobody_takes_back_what_he_may_not_change(
    pages: AuditService, mongo: Connection, anna: Principal, bert: Principal
) -> None:
    """Without the permission to write nothing is taken back; documents of others are skipped."""
    with acting_as(EDITOR):
        group = await _edit_all(pages)
    with acting_as(bert):
        with pytest.raises(PermissionDeniedError):
            await pages.undo(group)
        with pytest.raises(NotFoundError):
            await pages.undo("there is none")
    assert (await _state(mongo, "changed"))["title"] == "x"
    with acting_as(anna), pages.change_set("Hers") as hers:
        note = await Note(code="hers").insert()
        await note.set({"title": "x"})
    with acting_as(bert):
        report = await pages.undo(hers)
        assert (report.undone, report.skipped, report.conflicts) == (0, 1, [])
    with acting_as(anna):
        assert (await pages.undo(hers)).undone == 1


async def test_the_changes_of_a_request_are_taken_back_by_its_trace(pages: AuditService, mongo: Connection) -> None:
    """Without a change-set, all changes under one trace belong together."""
    with acting_as(EDITOR, "one-request"):
        await Page.find_all().update({"$set": {"title": "x"}})
    with acting_as(EDITOR):
        report = await pages.undo("one-request")
        assert report.undone == 3
        assert await _state(mongo, "both") == BEFORE


class Span(CoreDocument):
    """A document with a rule over two fields."""

    low: int = 0
    high: int = 10

    @model_validator(mode="after")
    def _check(self) -> "Span":
        if self.low > self.high:
            msg = "low must not be above high"
            raise ValueError(msg)
        return self


async def test_old_values_that_do_not_fit_the_others_are_a_conflict(
    audit: AuditService, models: ModelRegistry, library: GuardedDatabase, traits: ServerTraits
) -> None:
    """The rules of the model hold for what an undo makes, too."""
    info = ModelInfo("library.Span", "library", Span, None, None)
    models.add(info)
    await initialize_models(library, [info], major_version=traits.major_version)
    with acting_as(EDITOR):
        span = await Span(low=5).insert()
        with audit.change_set("Lower") as group:
            await span.set({"low": 1})
        await span.set({"high": 3})
        report = await audit.undo(group)
        assert [each.reason for each in report.conflicts] == ["The old values do not fit the others that it has now."]


async def test_an_import_of_ten_thousand_is_taken_back_at_once(audit: AuditService, mongo: Connection) -> None:
    """The undo of a big insert works by the hundreds, and so does the undo of that."""
    with acting_as(EDITOR):
        with audit.change_set("Import") as group:
            await Page.insert_missing(Page(code=f"n{number}") for number in range(10_000))
        started = time.monotonic()
        report = await audit.undo(group)
        seconds = time.monotonic() - started
        assert (report.undone, report.skipped, report.conflicts) == (10_000, 0, [])
        assert await Page.count() == 0
        again = await audit.undo(report.change_set)
        assert again.undone == 10_000
        assert await Page.count() == 10_000
        # Generous, for a loaded machine; one by one it would be far more.
        assert seconds < 60
        assert await mongo.raw["webos.audit"].count_documents({}) < 200
