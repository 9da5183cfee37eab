"""Durable background tasks: broker, worker, progress.

It knows the kernel, the data layer and the events.
"""

from webos.tasks.base import BaseTask
from webos.tasks.handle import TaskHandle
from webos.tasks.local.job import JobState, LocalJob
from webos.tasks.local.jobs import LocalJobs
from webos.tasks.record import TaskRecord, TaskState
from webos.tasks.registry import collect_tasks
from webos.tasks.saga import Saga, SagaHandle, SagaRecord, SagaService, SagaState, collect_sagas, step
from webos.tasks.service import MANAGE_TASKS, TaskService
from webos.tasks.submission import Submission
from webos.tasks.watcher import TaskListener

__all__ = [
    "MANAGE_TASKS",
    "BaseTask",
    "JobState",
    "LocalJob",
    "LocalJobs",
    "Saga",
    "SagaHandle",
    "SagaRecord",
    "SagaService",
    "SagaState",
    "Submission",
    "TaskHandle",
    "TaskListener",
    "TaskRecord",
    "TaskService",
    "TaskState",
    "collect_sagas",
    "collect_tasks",
    "step",
]
