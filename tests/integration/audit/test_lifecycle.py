"""What becomes of deleted documents: they are found, taken back, or removed for good."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.integration.audit.journal import brief, entries
from tests.integration.data.models import Note, Page
from webos.data.audit.applied import READING
from webos.data.audit.journal import JOURNAL
from webos.data.audit.service import AuditService
from webos.data.audit.upkeep import sweep
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelRegistry
from webos.data.scope import system_context
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, NotFoundError, PermissionDeniedError
from webos.kernel.settings import Settings

pytestmark = pytest.mark.usefixtures("tripwire", "audit")

EDITOR = Principal(uuid4(), "editor", grants=frozenset({"library.write"}))
PURGER = Principal(uuid4(), "purger", grants=frozenset({"library.write", "library.purge"}))


async def test_a_deleted_document_is_found_and_taken_back(anna: Principal, bert: Principal) -> None:
    """Its author finds it among the deleted ones and takes it back; others do not find it."""
    with acting_as(anna):
        note = await Note(code="it", title="a").insert()
        kept = await Note(code="kept").insert()
        await note.delete()
        found = await Note.find_deleted()
        assert [(each.code, each.deleted_at is not None, each.revision) for each in found] == [("it", True, 2)]
        assert [each.code for each in await Note.find_deleted({"title": "b"})] == []
    with acting_as(bert):
        assert await Note.find_deleted() == []
        with pytest.raises(NotFoundError):
            await found[0].restore()
    with acting_as(anna):
        restored = await found[0].restore()
        assert (restored.deleted_at, restored.revision, restored.updated_by) == (None, 3, anna.id)
        restored.title = "b"
        await restored.save()
        assert await Note.count() == 2
        with pytest.raises(NotFoundError):
            await kept.restore()


async def test_a_value_that_is_taken_meanwhile_stands_in_the_way(mongo: Connection, anna: Principal) -> None:
    """A document whose unique value another one has now is not taken back, and that leaves no entry."""
    with acting_as(anna):
        note = await Note(code="it").insert()
        await note.delete()
        other = await Note(code="it").insert()
        with pytest.raises(ConflictError):
            await note.restore()
        await other.set({"code": "other"})
        await note.restore()
        assert [brief(entry)[:2] for entry in await entries(mongo, documents=note.id)] == [
            ("insert", 1), ("delete", 2), ("restore", 3),
        ]  # fmt: skip


async def test_of_two_who_take_it_back_one_does(anna: Principal, mongo: Connection) -> None:
    """Two restores at once make one change."""
    with acting_as(anna):
        note = await Note(code="it").insert()
        copy = await Note.get(note.id)
        assert copy is not None
        await note.delete()
        results = await asyncio.gather(note.restore(), copy.restore(), return_exceptions=True)
        assert sum(isinstance(result, (ConflictError, NotFoundError)) for result in results) == 1
        assert len(await entries(mongo, operation="restore")) == 1


async def test_nobody_restores_without_the_permission_to_write(anna: Principal) -> None:
    """Where changing needs a permission, so does finding what is deleted and taking it back."""
    with acting_as(EDITOR):
        page = await Page(code="it").insert()
        await page.delete()
    with acting_as(anna):
        for attempt in (Page.find_deleted(), page.restore()):
            with pytest.raises(PermissionDeniedError):
                await attempt
    with acting_as(EDITOR):
        await page.restore()
        assert await Page.count() == 1


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_purge_leaves_nothing_but_that_it_was(mongo: Connection, deleted: bool) -> None:  # noqa: FBT001 - pytest's
    """The document and all its values are gone; who did what and when stays, and others keep their values."""
    with acting_as(EDITOR):
        page = await Page(code="it", title="private").insert()
        await Page(code="other", title="private").insert()
        await Page.find_all().update({"$set": {"title": "more private"}})
        await page.sync()
        if deleted:
            await page.delete()
        with pytest.raises(PermissionDeniedError):
            await page.purge()
    with acting_as(PURGER):
        await page.purge()
        with pytest.raises(NotFoundError):
            await page.purge()
    assert await mongo.raw["library.Page"].find_one({"_id": page.id}, comment=READING) is None
    own = await entries(mongo, documents=page.id)
    assert sorted(entry["operation"] for entry in own) == ["delete"] * deleted + ["insert", "purge", "update"]
    assert "private" not in str(own)
    assert {entry["username"] for entry in own} == {"editor", "purger"}
    others = [entry for entry in await entries(mongo) if page.id not in entry["documents"]]
    assert [brief(entry)[2] for entry in others] == [{}, {"title": ("private", "more private")}]


async def test_a_purge_that_was_cut_short_is_finished(mongo: Connection, library: GuardedDatabase) -> None:
    """Values that a crash left behind go with the next sweep; the entries of what is gone stay."""
    with acting_as(PURGER):
        page = await Page(code="it", title="private").insert()
        await page.set({"title": "x"})
        before = await entries(mongo)
        await page.purge()
    await mongo.raw[JOURNAL].replace_one({"_id": before[1]["_id"]}, before[1])
    assert "private" in str(await entries(mongo))
    assert await sweep(library.journal, until=datetime.now(UTC) + timedelta(minutes=1)) == 0
    assert "private" not in str(await entries(mongo))
    assert [entry["operation"] for entry in await entries(mongo)] == ["insert", "update", "purge"]


async def test_entries_go_after_as_many_days_as_set(
    mongo: Connection, library: GuardedDatabase, models: ModelRegistry
) -> None:
    """The index that lets entries expire follows the setting; with 0 they stay for ever."""

    async def expiry() -> list[int | None]:
        indexes = await mongo.raw[JOURNAL].index_information()
        return [index.get("expireAfterSeconds") for index in indexes.values() if index["key"] == [("at", 1)]]

    for days, seconds in ((30, 30 * 86400), (0, None), (365, 365 * 86400), (365, 365 * 86400)):
        settings = Settings(audit_days=days, _env_file=None)
        await AuditService(models, library, days=settings.audit_days).start()
        assert await expiry() == [seconds]


async def test_a_system_context_restores_and_purges(audit: AuditService) -> None:
    """What the framework does itself needs no permission, and is on record as its."""
    with system_context():
        page = await Page(code="it").insert()
        await page.delete()
        await page.restore()
        assert (await audit.history(page))[0].username == "system"
        await page.purge()
        assert await Page.find_deleted() == []
