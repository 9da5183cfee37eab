"""Tasks as the browser gets them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from webos.kernel.messenger import Severity
from webos.tasks import TaskRecord, TaskState
from webos.ui.task_feed import view_of
from webos.ui.task_indicator import TaskIndicator

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


class Source:
    """Tasks of which a test tells."""

    def __init__(self) -> None:
        self.listener: Callable[[TaskRecord], None] = lambda _: None

    def subscribe_changes(
        self, listener: Callable[[TaskRecord], None], *, user_id: UUID | None = None
    ) -> Callable[[], None]:
        """Keep the listener."""
        assert user_id is None
        self.listener = listener
        return lambda: None


class OpenTab:
    """A tab that keeps its toasts."""

    def __init__(self) -> None:
        self.shell = None
        self.toasts: list[tuple[Severity, str, str]] = []

    def toast(self, severity: Severity, message: str, detail: str = "") -> None:
        """Keep a toast."""
        self.toasts.append((severity, message, detail))


@pytest.mark.parametrize(
    ("end", "toasts"),
    [
        ({"state": TaskState.DONE}, [(Severity.SUCCESS, "Done: Import flights", "")]),
        (
            {"state": TaskState.FAILED, "error": "No file."},
            [(Severity.ERROR, "Failed: Import flights", "No file.")],
        ),
        ({"state": TaskState.CANCELLED}, []),
    ],
)
@pytest.mark.parametrize("seen_before", [True, False])
def test_the_end_of_a_task_is_told_once(
    end: dict[str, Any], toasts: list[tuple[Severity, str, str]], *, seen_before: bool
) -> None:
    """The user of a task reads in his tabs that it is done, or why it has failed, however often its record is read."""
    source, tab = Source(), OpenTab()
    tabs: Any = SimpleNamespace(of_user=lambda user_id: [tab] if user_id == TASK.user_id else [])
    nothing: Any = None
    sources: Any = source
    TaskIndicator(sources, tabs, nothing)
    if seen_before:
        source.listener(TASK)
    for _ in range(2):
        source.listener(replace(TASK, **end))
    source.listener(replace(TASK, **end, user_id=uuid4()))
    assert tab.toasts == toasts
