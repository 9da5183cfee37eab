"""The tasks that an application knows, by name."""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from taskiq import AsyncTaskiqDecoratedTask

from webos.kernel.errors import ConfigurationError
from webos.kernel.loader import defined_in
from webos.tasks.base import BaseTask
from webos.tasks.broker import LABEL_LEASE, LABEL_MAX_ATTEMPTS, MongoLeaseBroker
from webos.tasks.keeper import SHORTEST_LEASE

if TYPE_CHECKING:
    from webos.tasks.service import TaskService

__all__ = ["RegisteredTask", "TaskRegistry", "collect_tasks"]


@dataclass(frozen=True, slots=True)
class RegisteredTask:
    """A task class that an application knows.

    Attributes:
        name: `module.Class`.
        module: Name of the module.
        title: Name for people.
        task_class: The class.
        sender: TaskIQ's side of it.
    """

    name: str
    module: str
    title: str
    task_class: type[BaseTask]
    sender: AsyncTaskiqDecoratedTask[Any, Any]


Execute = Callable[[RegisteredTask, tuple[Any, ...], dict[str, Any]], Awaitable[None]]


class TaskRegistry:
    """Makes task classes known to the broker, under names that no other module can take.

    Args:
        broker: The broker.
        execute: Runs a task with arguments, for the current delivery.
    """

    def __init__(self, broker: MongoLeaseBroker, execute: Execute) -> None:
        self._broker = broker
        self._execute = execute
        self._by_class: dict[type[BaseTask], RegisteredTask] = {}

    def __getitem__(self, task_class: type[BaseTask]) -> RegisteredTask:
        if task_class not in self._by_class:
            msg = f"{task_class.__qualname__} is not registered with this application"
            raise ConfigurationError(msg)
        return self._by_class[task_class]

    def add(self, module: str, task_class: type[BaseTask], tasks: "TaskService") -> RegisteredTask:
        """Make a task class known.

        Args:
            module: Name of its module.
            task_class: The class.
            tasks: Where the class finds its way to be submitted.

        Raises:
            ConfigurationError: Its name is taken, or it is not made right.
        """
        name = f"{module}.{task_class.__name__}"
        _check(name, task_class)
        if name in self._broker.local_task_registry:
            msg = f"there is a task {name} already"
            raise ConfigurationError(msg)

        async def start(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - those of `run`
            await self._execute(self[task_class], args, kwargs)

        labels = {LABEL_LEASE: task_class.lease, LABEL_MAX_ATTEMPTS: task_class.max_attempts}
        sender = self._broker.register_task(start, task_name=name, **labels)
        registered = RegisteredTask(name, module, task_class.title or _title(task_class), task_class, sender)
        self._by_class[task_class] = registered
        task_class._tasks = tasks  # noqa: SLF001 - the framework binds the class
        return registered

    def remove(self, task_class: type[BaseTask], tasks: "TaskService") -> None:
        """Forget a task class; what waits of it waits until it is known again. Unknown ones are ignored."""
        registered = self._by_class.pop(task_class, None)
        if registered is not None:
            self._broker.local_task_registry.pop(registered.name, None)
            if task_class._tasks is tasks:  # noqa: SLF001 - another application may have bound it since
                task_class._tasks = None  # noqa: SLF001

    def class_of(self, name: str) -> type[BaseTask] | None:
        """Return the task class with a registered name, or None."""
        return next((each.task_class for each in self._by_class.values() if each.name == name), None)

    def of_module(self, module: str) -> list[type[BaseTask]]:
        """Return the task classes of a module."""
        return [each.task_class for each in self._by_class.values() if each.module == module]


def collect_tasks(part: ModuleType) -> list[type[BaseTask]]:
    """Return the tasks that a Python module itself defines; those whose name begins with `_` are bases of others."""
    return [kind for kind in defined_in(part, BaseTask) if not kind.__name__.startswith("_")]


def _check(name: str, task_class: type[BaseTask]) -> None:
    if not inspect.iscoroutinefunction(task_class.run) or task_class.run is BaseTask.run:
        msg = f"{name} needs its work in `async def run(self, ...)`"
        raise ConfigurationError(msg)
    if task_class.lease < SHORTEST_LEASE:
        msg = f"{name}: lease is {task_class.lease}, the shortest is {SHORTEST_LEASE} seconds"
        raise ConfigurationError(msg)
    if task_class.max_attempts < 1:
        msg = f"{name}: max_attempts is {task_class.max_attempts}, the least is 1"
        raise ConfigurationError(msg)


def _title(task_class: type[BaseTask]) -> str:
    """Return `Import orders` for `ImportOrders`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", task_class.__name__)
    text = " ".join(word if word.isupper() else word.lower() for word in words) or task_class.__name__
    return text[0].upper() + text[1:]
