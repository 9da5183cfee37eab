"""What is known of a saga."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

__all__ = ["Phase", "SagaEntry", "SagaRecord", "SagaState"]


class SagaState(StrEnum):
    """Where a saga is in its life."""

    RUNNING = "running"
    COMPENSATING = "compensating"
    DONE = "done"
    COMPENSATED = "compensated"
    STUCK = "stuck"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in {SagaState.RUNNING, SagaState.COMPENSATING}


class Phase(StrEnum):
    """What an entry of the log says."""

    INTENT = "intent"
    DONE = "done"
    FAILED = "failed"
    UNDO = "undo"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class SagaEntry:
    """One line of a saga's log.

    Attributes:
        step: Name of the step; empty where the whole saga is meant.
        phase: What has happened.
        at: When.
        error: Why it failed, in one line that is safe to show.
    """

    step: str
    phase: Phase
    at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaRecord:
    """A saga as it was at one moment.

    Attributes:
        id: Id of the saga.
        name: Registered name, `module.Class`.
        title: Name for people.
        module: The module it belongs to.
        state: Where it is in its life.
        data: What it was started with, and what its steps have returned.
        log: What has happened, in order.
        error: Why it is undone or stuck, in one line that is safe to show.
        user_id: Who started it and as whom it acts.
        username: His name when he started it.
        trace_id: Trace of the request that started it.
        task_id: The background task that runs it.
        created_at: When it was started.
        cancel_requested: Whether somebody wants it to be undone.
        fence: Which engine may write to it.
        stuck_in: The state to which it returns when it is resumed.
    """

    id: str
    name: str
    title: str
    module: str
    state: SagaState
    data: dict[str, Any]
    log: tuple[SagaEntry, ...]
    error: str
    user_id: UUID
    username: str
    trace_id: str
    task_id: str
    created_at: datetime
    cancel_requested: bool
    fence: int
    stuck_in: SagaState

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Return the record of a stored document."""
        known = {name: document[name] for name in cls.__slots__ if name in document}
        return cls(
            **{
                **known,
                "id": document["_id"],
                "state": SagaState(document["state"]),
                "stuck_in": SagaState(document["stuck_in"]),
                "data": json.loads(document["data"]),
                "log": tuple(SagaEntry(**{**entry, "phase": Phase(entry["phase"])}) for entry in document["log"]),
            }
        )

    def has(self, step: str, phase: Phase) -> bool:
        """Return whether the log says so of a step."""
        return any(entry.step == step and entry.phase is phase for entry in self.log)

    def count(self, step: str, phase: Phase) -> int:
        """Return how often the log says so of a step since the saga was resumed last."""
        resumed = max((place for place, entry in enumerate(self.log) if entry.phase is Phase.RESUMED), default=-1)
        return sum(entry.step == step and entry.phase is phase for entry in self.log[resumed + 1 :])

    def begun(self) -> list[str]:
        """Return the names of the steps that have begun, whether they came to their end or not, in order."""
        return list(dict.fromkeys(entry.step for entry in self.log if entry.phase is Phase.INTENT))
