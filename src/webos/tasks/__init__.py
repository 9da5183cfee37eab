"""Durable background tasks: broker, worker, progress.

It knows the kernel, the data layer and the events.
"""

from webos.tasks.base import BaseTask
from webos.tasks.handle import TaskHandle
from webos.tasks.record import TaskRecord, TaskState
from webos.tasks.registry import collect_tasks
from webos.tasks.service import MANAGE_TASKS, TaskService
from webos.tasks.watcher import TaskListener

__all__ = [
    "MANAGE_TASKS",
    "BaseTask",
    "TaskHandle",
    "TaskListener",
    "TaskRecord",
    "TaskService",
    "TaskState",
    "collect_tasks",
]
