"""How far migrations are, in the terminal."""

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import TaskID

    from webos.data.migrations import Progress

__all__ = ["MigrationBar"]


class MigrationBar:
    """A bar for each migration that runs in batches; what is printed meanwhile goes above it."""

    def __init__(self) -> None:
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._bar.stop()

    def show(self, progress: "Progress") -> None:
        """Show how far a migration is."""
        if progress.id not in self._rows:
            # Not before there is something to show: a question could not be answered below a live display.
            self._bar.start()
            self._rows[progress.id] = self._bar.add_task(progress.id)
        self._bar.update(self._rows[progress.id], completed=progress.done, total=progress.total)
        if progress.done >= progress.total:
            self._bar.stop()
