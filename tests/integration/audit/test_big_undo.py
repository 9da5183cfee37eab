"""Taking back thousands of entries, a few at a time."""

from uuid import uuid4

import pytest
from pymongo import UpdateOne

from tests.integration.data.models import Page
from webos.data.audit.nets import measure, read_nets
from webos.data.audit.service import AuditService
from webos.data.guard import GuardedDatabase
from webos.kernel.context import Principal, acting_as
from webos.testing.commands import CommandLog

pytestmark = pytest.mark.usefixtures("tripwire", "library")

EDITOR = Principal(uuid4(), "editor", grants=frozenset({"library.write"}))
_DOCUMENTS = 1200


async def _change_all_twice(audit: AuditService) -> tuple[list[str], str]:
    """Change many pages twice, in the order of their codes; each change has an entry of its own."""
    await Page.insert_missing(Page(code=f"n{number}", title=str(number)) for number in range(_DOCUMENTS))
    codes = [f"n{number}" for number in range(_DOCUMENTS)]
    pages = Page.get_pymongo_collection()
    with audit.change_set("Titles") as group:
        for word in ("first", "second"):
            for start in range(0, _DOCUMENTS, 200):
                some = codes[start : start + 200]
                await pages.bulk_write(
                    [UpdateOne({"code": code}, {"$set": {"title": f"{word} {code}"}}) for code in some]
                )
    return codes, group.id


async def test_thousands_of_entries_are_taken_back_in_parts(
    audit: AuditService, library: GuardedDatabase, commands: CommandLog
) -> None:
    """Each document comes once, the last changed first, with all of its changes; no more are held than a part has."""
    journal = library.journal
    with acting_as(EDITOR):
        codes, group = await _change_all_twice(audit)
        assert await journal.entries.count_documents({"change_set": group}) == 2 * _DOCUMENTS
        ids = {row["_id"]: row["code"] async for row in Page.get_pymongo_collection().find({}, {"code": 1})}
        extent = await measure(journal, group)
        assert (extent.documents, extent.label) == ({"library.Page": _DOCUMENTS}, "Titles")

        order: list[str] = []
        sizes: list[int] = []
        async for part in read_nets(journal, group, {"library.Page"}):
            order += [ids[net.identity] for net in part.nets]
            sizes.append(part.documents)
            assert all(net.old["title"] == ids[net.identity][1:] for net in part.nets)
            assert all(net.new["title"].startswith("second") for net in part.nets)
        assert sorted(order) == sorted(codes)
        newest_first = [
            [_number(code) // 200 for code in order[start : start + 200]] for start in range(0, _DOCUMENTS, 200)
        ]
        assert newest_first == [[block] * 200 for block in range(5, -1, -1)]
        assert (sum(sizes), max(sizes)) == (_DOCUMENTS, 500)

        told: list[tuple[int, int]] = []

        async def progress(done: int, total: int) -> None:
            told.append((done, total))

        with commands.recording() as sent:
            report = await audit.undo(group, progress=progress)
        assert (report.undone, report.skipped, report.conflicts) == (_DOCUMENTS, 0, [])
        assert told[-1] == (_DOCUMENTS, _DOCUMENTS)
        reads = [each for each in sent.commands if each.name == "find" and each.collection == "webos.audit"]
        assert len(reads) <= 40
        titles = {row["code"]: row["title"] async for row in Page.get_pymongo_collection().find()}
        assert titles == {code: code[1:] for code in codes}


def _number(code: str) -> int:
    return int(code[1:])


async def test_what_is_added_meanwhile_is_a_conflict(audit: AuditService) -> None:
    """A document changed by the same change-set while it is taken back is left alone, not passed over in silence."""
    with acting_as(EDITOR):
        _, group = await _change_all_twice(audit)

        async def interfere(done: int, total: int) -> None:
            if done < total and not seen:
                with audit.change_set("Titles", identity=group):
                    await Page.find_one(Page.code == "n0").update({"$set": {"title": "late"}})
            seen.append(done)

        seen: list[int] = []
        report = await audit.undo(group, progress=interfere)
        assert (report.undone, report.skipped) == (_DOCUMENTS - 1, 0)
        assert [each.reason for each in report.conflicts] == ["Changed since: title."]
