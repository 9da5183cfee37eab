"""Tasks as the browser gets them."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from webos.tasks import TaskRecord, TaskState
from webos.ui.task_feed import view_of

TASK = TaskRecord(
    id="t1",
    name="flights.Import",
    title="Import flights",
    module="flights",
    state=TaskState.RUNNING,
    user_id=uuid4(),
    username="ada",
    trace_id="",
    created_at=datetime.now(UTC),
)


@pytest.mark.parametrize(
    ("state", "look", "can_cancel"),
    [
        (TaskState.QUEUED, "waiting", True),
        (TaskState.RUNNING, "running", True),
        (TaskState.DONE, "done", False),
        (TaskState.FAILED, "failed", False),
        (TaskState.CANCELLED, "cancelled", False),
    ],
)
def test_every_state_has_its_look(state: TaskState, look: str, *, can_cancel: bool) -> None:
    """Only what has not ended can be cancelled."""
    view = view_of(replace(TASK, state=state))
    assert (view["state"], view["cancellable"]) == (look, can_cancel)


def test_a_failure_says_why_and_a_cancellation_that_it_is_under_way() -> None:
    """In place of what the task was doing."""
    assert view_of(replace(TASK, state=TaskState.FAILED, message="Reading", error="No file."))["message"] == "No file."
    stopping = view_of(replace(TASK, message="Reading", cancel_requested=True))
    assert (stopping["message"], stopping["cancellable"]) == ("Stopping…", False)


@pytest.mark.parametrize(("given", "shown"), [(None, None), (-3, 0), (42.5, 42.5), (250, 100)])
def test_progress_stays_within_the_bar(given: float | None, shown: float | None) -> None:
    """Whatever a task counts."""
    assert view_of(replace(TASK, percent=given))["percent"] == shown
