"""`@step(compensate="...")`: the methods of a saga that are its steps."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from webos.kernel.errors import ConfigurationError
from webos.kernel.loader import defined_in

if TYPE_CHECKING:
    from webos.tasks.saga.base import Saga

__all__ = ["SagaStep", "collect_sagas", "step", "steps_of"]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__webos_step__"


@dataclass(frozen=True, slots=True)
class SagaStep:
    """A step of a saga.

    Attributes:
        name: Name of its method.
        compensate: Name of the method that undoes it; empty where nothing is to be undone.
        max_starts: How often it is started before it counts as failed.
    """

    name: str
    compensate: str
    max_starts: int

    @property
    def title(self) -> str:
        """Name for people."""
        text = self.name.strip("_").replace("_", " ")
        return text[:1].upper() + text[1:]


def step(*, compensate: str = "", max_starts: int = 5) -> Callable[[F], F]:
    """Declare an async method of a saga as a step. Steps run in the order in which they are written.

    A step takes the data of the saga and may return a dictionary, which is merged into it.

    Args:
        compensate: Name of the async method that undoes it. It is called with the data also when the step has begun
            and it is not known how far it came, so it must bear that nothing is there to be undone.
        max_starts: How often the step is started before it counts as failed. It is started again after the end of
            its process, and after an error that passes by itself.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, (compensate, max_starts))
        return function

    return mark


def steps_of(saga: type["Saga"]) -> tuple[SagaStep, ...]:
    """Return the steps of a saga in their order; those of its bases come first.

    Raises:
        ConfigurationError: It has none, a method is not async, or a compensation does not exist.
    """
    names = {name: None for kind in reversed(saga.__mro__) for name in vars(kind)}
    found: list[SagaStep] = []
    for name in names:
        marked = getattr(getattr(saga, name), _MARK, None)
        if marked is not None:
            each = SagaStep(name, *marked)
            _demand_async(saga, name)
            if each.compensate:
                _demand_async(saga, each.compensate)
            found.append(each)
    if not found:
        msg = f"{saga.__qualname__} has no steps; mark async methods with @step(...)"
        raise ConfigurationError(msg)
    return tuple(found)


def collect_sagas(part: ModuleType) -> list[type["Saga"]]:
    """Return the sagas that a Python module itself defines; those whose name begins with `_` are bases of others."""
    from webos.tasks.saga.base import Saga

    return [kind for kind in defined_in(part, Saga) if not kind.__name__.startswith("_")]


def _demand_async(saga: type["Saga"], name: str) -> None:
    if not inspect.iscoroutinefunction(getattr(saga, name, None)):
        msg = f"{saga.__qualname__} needs `async def {name}(self, data)`"
        raise ConfigurationError(msg)
