"""What the rows measure on, started when the first row needs it and shared by all."""

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.program import Program, serving
from benchmarks.site import Site, open_site
from benchmarks.turns import Effort

__all__ = ["Stage"]


class Stage:
    """Gives each row what it needs, and clears everything away at the end.

    Args:
        effort: How much is measured.
    """

    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self._stack = AsyncExitStack()
        self._site: Site | None = None
        self._failed = False

    async def __aenter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="webos-bench-")))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def site(self) -> Site:
        """Return the running application with all its data.

        Raises:
            RuntimeError: It did not start for an earlier row.
        """
        if self._failed:
            msg = "the application did not start, see above"
            raise RuntimeError(msg)
        if self._site is None:
            folder = self.folder / "site"
            folder.mkdir()
            self._failed = True
            self._site = await self._stack.enter_async_context(open_site(folder, self.effort.flights))
            self._failed = False
        return self._site

    def program(self, module: str, *arguments: str, told: str = "") -> Program:
        """Run a bare server until the end.

        Args:
            module: Dotted name of the Python module.
            arguments: What comes behind the port.
            told: What it reads from its standard input.
        """
        return self._stack.enter_context(serving(module, *arguments, folder=self.folder, told=told))
