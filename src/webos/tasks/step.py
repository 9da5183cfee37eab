"""One call in a chain of tasks, as it is stored with the chain."""

import inspect
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from webos.events.json_value import demand_json
from webos.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from webos.tasks.registry import RegisteredTask

__all__ = ["ChainStep", "dump_steps", "load_steps"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """One call in a chain of tasks.

    Attributes:
        name: Registered name of the task.
        title: Its name for people.
        args: Positional arguments of its `run`.
        kwargs: Named arguments of its `run`.
        lease: Seconds after which it is started elsewhere if its process is silent.
        max_attempts: How often it is started before it is given up.
        takes_result: Whether what the step before it returned goes before the positional arguments.
    """

    name: str
    title: str
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    lease: float
    max_attempts: int
    takes_result: bool = False

    @classmethod
    def of(cls, task: "RegisteredTask", args: Iterable[Any], kwargs: dict[str, Any], *, is_first: bool) -> Self:
        """Return the step that calls a task.

        Args:
            task: The task.
            args: Positional arguments.
            kwargs: Named arguments.
            is_first: Whether no step comes before it.

        Raises:
            InvalidInputError: The arguments are not JSON, or they do not fit `run`.
        """
        values = list(args)
        demand_json(values, f"{task.name}: args")
        demand_json(kwargs, f"{task.name}: kwargs")
        reason = None if is_first else _misfit(task, [None, *values], kwargs)
        takes_result = not is_first and reason is None
        without = None if takes_result else _misfit(task, values, kwargs)
        if without is not None:
            msg = f"{task.name}: {reason or without}"
            raise InvalidInputError(msg)
        return cls(
            name=task.name,
            title=task.title,
            args=values,
            kwargs=kwargs,
            lease=task.task_class.lease,
            max_attempts=task.task_class.max_attempts,
            takes_result=takes_result,
        )

    def after(self, result: Any) -> Self:  # noqa: ANN401 - what a task returned
        """Return the step as it is when the one before it has returned `result`."""
        return replace(self, args=[result, *self.args], takes_result=False) if self.takes_result else self


def dump_steps(steps: Iterable[ChainStep]) -> str:
    """Return steps as they are stored. They are text: the keys in their arguments may be any."""
    return json.dumps([asdict(step) for step in steps])


def load_steps(text: str) -> tuple[ChainStep, ...]:
    """Return the steps that `dump_steps` made `text` from."""
    return tuple(ChainStep(**values) for values in json.loads(text))


def _misfit(task: "RegisteredTask", args: list[Any], kwargs: dict[str, Any]) -> str | None:
    """Return None if `run` can be called like that, or else why not."""
    try:
        inspect.signature(task.task_class.run).bind(None, *args, **kwargs)
    except TypeError as error:
        return str(error)
    return None
