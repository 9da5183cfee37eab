"""The record of a task."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from webos.tasks import TaskRecord, TaskState


def record(**values: Any) -> TaskRecord:
    return TaskRecord(
        id="1",
        name="shop.Import",
        title="Import",
        module="shop",
        state=TaskState.RUNNING,
        user_id=uuid4(),
        username="anna",
        trace_id="a" * 32,
        created_at=datetime.now(UTC),
        **values,
    )


def test_is_stored_and_read_back() -> None:
    """A record survives the database, also with keys in its checkpoint that the database would not take."""
    full = record(percent=12.5, total=8, checkpoint={"$a.b": 1, "": None}, result=[2**70, {"x.y": 1.5}])
    assert TaskRecord.from_document({**full.to_document(), "fence": "other fields are passed over"}) == full
    assert TaskRecord.from_document(record().to_document()).checkpoint is None


@pytest.mark.parametrize("state", TaskState)
def test_final_states_are_those_without_a_next(state: TaskState) -> None:
    """Queued and running tasks have a future, the others do not."""
    assert state.is_final == (state.value in {"done", "failed", "cancelled"})
