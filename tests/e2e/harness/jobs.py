# ruff: noqa: D101, D102 - the stage of the browser tests, read beside them
"""Background tasks that the tests move by hand."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Job:
    id: str
    title: str
    user_id: UUID
    state: str = "running"
    percent: float | None = None
    message: str = ""


class MemoryTasks:
    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._listeners: list[Callable[[Any], None]] = []

    def subscribe_changes(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    async def list_for(self, user_id: UUID, limit: int) -> list[Job]:
        return [job for job in reversed(self._jobs.values()) if job.user_id == user_id][:limit]

    async def cancel(self, task_id: str) -> None:
        self.put(replace(self._jobs[task_id], state="cancelled"))

    def put(self, job: Job) -> None:
        self._jobs[job.id] = job
        for listener in list(self._listeners):
            listener(job)
