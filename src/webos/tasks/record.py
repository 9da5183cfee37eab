"""What is known of a task: the truth that the interface shows."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from webos.tasks.step import ChainStep, dump_steps, load_steps

__all__ = ["TaskRecord", "TaskState"]


class TaskState(StrEnum):
    """Where a task is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self in {TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A task as it was at one moment.

    Attributes:
        id: Id of the task.
        name: Registered name, `module.Class`.
        title: Name for people.
        module: The module it belongs to.
        state: Where it is in its life.
        user_id: Who submitted it and as whom it acts.
        username: His name when he submitted it.
        trace_id: Trace of the request that submitted it.
        created_at: When it was submitted.
        percent: How much is done, 0 to 100; None where that is not known.
        done: How many steps are done.
        total: How many steps there are; None where that is not known.
        message: What it is doing, for people.
        error: Why it failed, in one line that is safe to show.
        attempts: How often it was started.
        cancel_requested: Whether somebody wants it to end.
        checkpoint: From where it goes on when it is started again.
        result: What it returned.
        started_at: When it was started last.
        finished_at: When it came to its end.
        heartbeat: The last sign of life of its worker.
        steps: The calls of a chain; of another task its own call, once it has failed or was stopped.
        step: Which of the steps it is at, from 0.
        key_id: Id of the API key by which he acted, within which it runs; empty without one.
        change_set: Id of the change-set in which it was submitted, to which its changes belong; empty without one.
        change_set_label: What people call that.
        ends_otherwise: Whether something else is done when somebody wants it to end: a saga is undone.
    """

    id: str
    name: str
    title: str
    module: str
    state: TaskState
    user_id: UUID
    username: str
    trace_id: str
    created_at: datetime
    percent: float | None = None
    done: int = 0
    total: int | None = None
    message: str = ""
    error: str = ""
    attempts: int = 0
    cancel_requested: bool = False
    checkpoint: dict[str, Any] | None = None
    result: Any = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    heartbeat: datetime | None = None
    steps: tuple[ChainStep, ...] = ()
    step: int = 0
    key_id: str = ""
    change_set: str = ""
    change_set_label: str = ""
    ends_otherwise: bool = False

    @property
    def failed_step(self) -> ChainStep | None:
        """The step at which it has failed; None if it has not, or if nothing is kept of its call."""
        return self.steps[self.step] if self.state is TaskState.FAILED and self.steps else None

    def to_document(self) -> dict[str, Any]:
        """Return the record as it is stored.

        Checkpoint and result are stored as JSON text: their keys may hold what the database does not take.
        """
        document = {name: getattr(self, name) for name in self.__slots__ if name != "id"}
        return {
            "_id": self.id,
            **document,
            "state": self.state.value,
            "checkpoint": json.dumps(self.checkpoint),
            "result": json.dumps(self.result),
            "steps": dump_steps(self.steps),
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the record of a stored document."""
        known = {name: document[name] for name in cls.__slots__ if name in document}
        return cls(
            **{
                **known,
                "id": document["_id"],
                "state": TaskState(document["state"]),
                "checkpoint": json.loads(document["checkpoint"]),
                "result": json.loads(document["result"]),
                "steps": load_steps(document.get("steps", "[]")),
            }
        )
