"""What entries and conflicts look like to those who ask."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from bson import DBRef, ObjectId

from webos.data.audit.change_set import change_set, current_change_set
from webos.sdk import AuditEntry, AuditPage, ChangeSet, EditConflictError, FieldChange, FieldConflict, UndoConflict
from webos.sdk import UndoReport as Report

IDENTITY = ObjectId("0123456789abcdef01234567")


def test_an_entry_shows_what_the_reader_may_see() -> None:
    """Hidden fields are left out; values that are not kept say why; without values there are none."""
    stored = {
        "_id": IDENTITY, "model": "shop.Order", "documents": [1], "operation": "update", "revision": 2,
        "at": datetime(2026, 1, 1, tzinfo=UTC), "by": UUID(int=1),
        "changes": {
            "a": {"old": 1, "new": 2}, "b": {"new": 1}, "c": {"old": 1}, "d": {"secret": True}, "e": {"cut": True},
            "f": {"old": 1, "new": 2},
        },
    }  # fmt: skip
    entry = AuditEntry.of(stored, hidden=frozenset({"f"}))
    assert entry.changes == {
        "a": FieldChange(1, 2),
        "b": FieldChange(None, 1, had_old=False),
        "c": FieldChange(1, None, has_new=False),
        "d": FieldChange(withheld="secret"),
        "e": FieldChange(withheld="too big"),
    }
    assert AuditEntry.of(stored, values=False).changes == {}
    assert AuditPage([entry]).cursor == ""


def test_a_conflict_is_json_whatever_its_values_are() -> None:
    """Ids, links, times, numbers and bytes are all told as JSON can tell them."""
    values = [IDENTITY, DBRef("shop.Order", IDENTITY), datetime(2026, 1, 1, tzinfo=UTC), Decimal("1.50"), b"\xff"]
    error = EditConflictError("changed", conflicts={"field": FieldConflict(values, None, uuid4())})
    problem = error.problem("trace")
    assert problem["conflicts"]["field"]["mine"] == [
        str(IDENTITY), str(IDENTITY), "2026-01-01T00:00:00Z", "1.50", "_w==",
    ]  # fmt: skip
    assert problem["errors"] == {"field": "Changed by somebody else in the meantime."}
    assert (problem["code"], problem["status"], problem["trace_id"]) == ("webos.edit_conflict", 409, "trace")


def test_change_sets_are_nested_and_end() -> None:
    """Within a block its change-set runs, after it the one around it; each has an id of its own."""
    with change_set("outer") as outer:
        with change_set("inner") as inner:
            assert current_change_set() is inner
        assert current_change_set() is outer
        with change_set("again", identity=inner.id) as again:
            assert again == ChangeSet("again", inner.id)
    assert current_change_set() == ChangeSet(id="")
    assert outer.id != inner.id


def test_a_report_says_what_stood_in_the_way() -> None:
    """Each conflict names model, document and reason."""
    report = Report("id", 1, 0, [UndoConflict("shop.Order", 7, "It was changed since.")])
    assert [(each.model, each.document, each.reason) for each in report.conflicts] == [
        ("shop.Order", 7, "It was changed since."),
    ]  # fmt: skip
