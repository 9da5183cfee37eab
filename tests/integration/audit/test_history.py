"""The history of a document, its old versions, and who sees them."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from bson import ObjectId

from tests.integration.audit.journal import entries
from tests.integration.data.models import Note, Page
from webos.data.audit.journal import JOURNAL
from webos.data.audit.service import AuditService
from webos.data.audit.upkeep import sweep
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.scope import system_context
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError, PermissionDeniedError

pytestmark = pytest.mark.usefixtures("tripwire", "library")

EDITOR = Principal(uuid4(), "editor", grants=frozenset({"library.write"}))


async def test_the_history_has_all_changes_the_latest_first(audit: AuditService, anna: Principal) -> None:
    """Each change is there once, with its author and its values; old versions are what was stored then."""
    with acting_as(anna):
        note = await Note(code="it", title="a", words=["x"]).insert()
        note.title = "b"
        await note.save()
        await note.update({"$push": {"words": "y"}})
        await note.delete()
        await note.restore()
        shown = await audit.history(note)
        assert [(each.operation, each.revision) for each in shown] == [
            ("restore", 5), ("delete", 4), ("update", 3), ("update", 2), ("insert", 1),
        ]  # fmt: skip
        assert shown[3].changes["title"].old == "a"
        assert shown[3].changes["title"].new == "b"
        assert (shown[2].changes["words"].old, shown[2].changes["words"].new) == (["x"], ["x", "y"])
        assert {each.by for each in shown} == {anna.id}
        expected = {1: ("a", ["x"]), 2: ("b", ["x"]), 3: ("b", ["x", "y"]), 5: ("b", ["x", "y"])}
        for revision, (title, words) in expected.items():
            version = await audit.version(note, revision=revision)
            assert (version.values["title"], version.values["words"]) == (title, words)
            assert version.at == next(each.at for each in shown if each.revision == revision)
        for revision in (0, 6):
            with pytest.raises(NotFoundError):
                await audit.version(note, revision=revision)
        assert [each.revision for each in await audit.history(Note, str(note.id), limit=2, before=4)] == [3, 2]


async def test_others_see_no_history_of_what_they_do_not_see(
    audit: AuditService, anna: Principal, bert: Principal
) -> None:
    """Somebody else's document has no history, no version and no restoring; a deleted one only for those who may write."""
    with acting_as(anna):
        note = await Note(code="it").insert()
        await note.set({"title": "secret"})
    with acting_as(EDITOR):
        page = await Page(code="page").insert()
        await page.delete()
        assert len(await audit.history(page)) == 2
    with acting_as(bert):
        for attempt in (
            audit.history(note),
            audit.version(note, revision=1),
            audit.restore_version(note, revision=1),
            audit.history(page),
            audit.history(Note, "not an id"),
            audit.history(Note, ObjectId()),
        ):
            with pytest.raises(NotFoundError):
                await attempt
        with pytest.raises(PermissionDeniedError):
            await Page.find_deleted()
        with pytest.raises(PermissionDeniedError):
            await audit.restore_version(Page, page.id, revision=1)
        assert await Note.find_deleted() == []


async def test_a_version_is_restored_as_a_change(audit: AuditService, anna: Principal) -> None:
    """Going back to a version is one more change, and a conflict if the document is another one by now."""
    with acting_as(anna):
        note = await Note(code="it", title="a", words=["x"]).insert()
        await note.set({"title": "b", "words": []})
        await note.set({"rank": 5})
        with pytest.raises(ConflictError):
            await audit.restore_version(note, revision=1, based_on=2)
        restored = await audit.restore_version(note, revision=2, based_on=3)
        assert isinstance(restored, Note)
        assert (restored.title, restored.words, restored.rank, restored.revision) == ("b", [], 0, 4)
        restored = await audit.restore_version(Note, str(note.id), revision=1)
        stored = await Note.get(note.id)
        assert stored is not None
        assert (stored.title, stored.words, stored.revision) == ("a", ["x"], 5)
        assert [each.revision for each in await audit.history(note)] == [5, 4, 3, 2, 1]


async def test_a_version_that_is_not_valid_any_more_is_not_restored(
    audit: AuditService, anna: Principal, mongo: Connection
) -> None:
    """Old values that today's model refuses are named."""
    with acting_as(anna):
        note = await Note(code="it").insert()
        await note.set({"rank": 5})
        update = {"$set": {"changes.rank.old": "no number"}}
        await mongo.raw[JOURNAL].update_one({"revision": 2}, update)
        with pytest.raises(InvalidInputError) as caught:
            await audit.restore_version(note, revision=1)
        assert "rank" in caught.value.fields


async def test_intents_without_a_change_are_not_shown_and_swept(
    audit: AuditService, library: GuardedDatabase, anna: Principal, mongo: Connection
) -> None:
    """What a crash left in the journal is in no history and no search, and goes with the next sweep."""
    with acting_as(anna, "trace-1"):
        note = await Note(code="it", title="a").insert()
        await note.set({"title": "b"})
        real = await entries(mongo)
        orphans = []
        for revision, operation in ((2, "update"), (3, "update"), (3, "delete")):
            orphan = {
                **real[1], "_id": ObjectId(), "revision": revision, "operation": operation,
                "at": real[1]["at"] + timedelta(milliseconds=revision), "changes": {"title": {"old": "x", "new": "y"}},
            }  # fmt: skip
            orphans.append(orphan)
        orphans.append({**real[0], "_id": ObjectId(), "documents": [ObjectId()]})
        await mongo.raw[JOURNAL].insert_many(orphans)
        assert [each.revision for each in await audit.history(note)] == [2, 1]
        with system_context():
            found = await audit.search(trace_id="trace-1")
        assert [each.operation for each in found.entries] == ["update", "insert"]
        await note.set({"title": "c"})
        assert [each.revision for each in await audit.history(note)] == [3, 2, 1]
        soon = datetime.now(UTC) + timedelta(minutes=1)
        assert await sweep(library.journal, until=soon) == 3
        assert await sweep(library.journal, until=soon) == 0
        assert [each["revision"] for each in await entries(mongo, documents=note.id)] == [1, 2, 3]


async def test_new_values_that_were_not_noted_are_found(
    audit: AuditService, anna: Principal, mongo: Connection
) -> None:
    """Where only the server knew a new value and the process ended before it was noted, the next entry tells it."""
    with acting_as(anna):
        note = await Note(code="it", words=["a"]).insert()
        await note.update({"$push": {"words": "b"}})
        await note.update({"$push": {"words": "c"}})
        unknown = {"$unset": {"changes.words.new": ""}, "$set": {"changes.words.unknown": True}}
        await mongo.raw[JOURNAL].update_many({"operation": "update"}, unknown)
        shown = await audit.history(note)
        assert [each.changes["words"].new for each in shown[:2]] == [["a", "b", "c"], ["a", "b"]]


async def test_a_thousand_changes_of_one_document(audit: AuditService, anna: Principal) -> None:
    """A long history is read in pages, and its first version is found."""
    with acting_as(anna):
        note = await Note(code="it", title="t0").insert()
        for number in range(1, 1001):
            note.title = f"t{number}"
            await note.save()
        seen: list[int] = []
        before = None
        while page := await audit.history(note, limit=300, before=before):
            seen += [each.revision for each in page]
            before = seen[-1]
        assert seen == list(range(1001, 0, -1))
        assert (await audit.version(note, revision=1)).values["title"] == "t0"


async def test_huge_values_are_not_kept(audit: AuditService, anna: Principal) -> None:
    """A value that is too big for the journal changes all the same; the entry says that it is not kept."""
    with acting_as(anna):
        note = await Note(code="it", title="a").insert()
        note.title = "x" * 5_000_000
        note.rank = 1
        await note.save()
        note.title = "b"
        await note.save()
        shown = await audit.history(note)
        assert [each.changes["title"].withheld for each in shown[:2]] == ["too big", "too big"]
        assert shown[1].changes["rank"].new == 1
        version = await audit.version(note, revision=1)
        assert (set(version.withheld), version.values["rank"]) == ({"title"}, 0)


async def test_a_search_finds_by_user_time_trace_and_model(
    audit: AuditService, anna: Principal, bert: Principal, root: Principal
) -> None:
    """A search needs a permission; values are there only for those who may read the document."""
    with acting_as(anna, "of-anna"):
        note = await Note(code="mine", title="a").insert()
        await note.set({"title": "b"})
    with acting_as(EDITOR, "of-editor"):
        page = await Page(code="page").insert()
        await page.set({"title": "c"})
    auditor = Principal(uuid4(), "auditor", grants=frozenset({"admin.audit"}))
    with acting_as(bert), pytest.raises(PermissionDeniedError):
        await audit.search()
    with acting_as(auditor):
        everything = await audit.search()
        assert [each.trace_id for each in everything.entries] == ["of-editor"] * 2 + ["of-anna"] * 2
        assert [bool(each.changes) for each in everything.entries] == [True, False, False, False]
        assert len((await audit.search(by=anna.id)).entries) == 2
        assert len((await audit.search(trace_id="of-editor")).entries) == 2
        assert len((await audit.search(change_set="of-editor")).entries) == 2
        assert len((await audit.search(model=Page)).entries) == 2
        assert len((await audit.search(model="library.Note", by=anna.id)).entries) == 2
        assert (await audit.search(until=datetime.now(UTC) - timedelta(hours=1))).entries == []
        assert len((await audit.search(since=datetime.now(UTC) - timedelta(hours=1))).entries) == 4
        seen = []
        cursor = ""
        while True:
            page_of = await audit.search(cursor=cursor, limit=1)
            seen += [each.id for each in page_of.entries]
            cursor = page_of.cursor
            if not cursor:
                break
        assert seen == [each.id for each in everything.entries]
        with pytest.raises(InvalidInputError):
            await audit.search(cursor="x")
    with acting_as(root):
        assert [bool(each.changes) for each in (await audit.search(by=anna.id)).entries] == [True, False]


async def test_background_tasks_leave_their_trace(audit: AuditService, anna: Principal) -> None:
    """What a task does that was started inside a change-set belongs to it, under the trace of its start."""
    with acting_as(anna, "trace-2"):
        with audit.change_set("Both") as both:
            await asyncio.gather(*(Note(code=f"n{number}").insert() for number in range(3)))
        await Note(code="after").insert()
        with system_context():
            found = (await audit.search(change_set=both.id)).entries
            assert {(each.trace_id, each.label) for each in found} == {("trace-2", "Both")}
            assert len(found) == 3
            assert len((await audit.search(trace_id="trace-2")).entries) == 4
