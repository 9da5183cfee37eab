"""What `kiq` returns: a task, or a chain of tasks, that is submitted when it is awaited."""

import warnings
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from webos.tasks.base import BaseTask
    from webos.tasks.handle import TaskHandle

__all__ = ["Call", "Submission"]

Call = tuple[type["BaseTask"], tuple[Any, ...], dict[str, Any]]
"""A task class with positional and named arguments."""


class Submission:
    """A task that is submitted when this is awaited, or a chain of them: `await First.kiq(x).call(Second).call(Third)`.

    Args:
        task_class: The first task.
        args: Positional arguments of its `run`.
        kwargs: Named arguments of its `run`.
    """

    def __init__(self, task_class: type["BaseTask"], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._calls: list[Call] = [(task_class, args, kwargs)]
        self._is_used = False

    def call(self, task_class: type["BaseTask"], *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 - those of `run`
        """Have another task follow when the one before it is done.

        Args:
            task_class: The task. Its `run` gets what the former returned as its first argument, if it takes one more
                than is given here.
            args: Further positional arguments.
            kwargs: Further named arguments.
        """
        self._calls.append((task_class, args, kwargs))
        return self

    def __await__(self) -> Generator[Any, None, "TaskHandle"]:
        """Submit; it is safe once this returns.

        Raises:
            ConfigurationError: A task is not registered with a running application.
            InvalidInputError: Arguments are not JSON or do not fit.
            NotSignedInError: Nobody is signed in.
        """
        self._is_used = True
        return self._calls[0][0]._submit(self._calls).__await__()  # noqa: SLF001 - the other half of `kiq`

    def __del__(self) -> None:
        if not self._is_used:
            warnings.warn(
                f"{self._calls[0][0].__name__}.kiq(...) was not awaited: nothing was submitted",
                RuntimeWarning,
                stacklevel=2,
            )
