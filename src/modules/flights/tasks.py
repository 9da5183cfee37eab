from typing import ClassVar

from webos.sdk import BaseTask

from .importing import Step, import_stages
from .service import FlightImportService, FlightStatistics


class ImportFlights(BaseTask):
    """Imports flights with all they refer to; what is stored already is passed over."""

    title: ClassVar[str] = "Import flights"
    # Each start goes on where the last one was: no start is in vain.
    max_attempts: ClassVar[int] = 20

    async def run(self, everything: bool = False) -> int:  # noqa: FBT001, FBT002 - arguments of a task travel by name
        """Import, and return how many rows were new.

        Args:
            everything: Whether to import all of 2013, or January only.
        """
        stages = await self.service(FlightImportService).stages(everything=everything)
        before: int = self.restored.get("new", 0)
        step = Step(0, 0, "")
        async for step in import_stages(stages, self.restored.get("position", {})):
            await self.report(step.done, step.total, step.message)
            await self.checkpoint({"position": step.position, "new": before + step.new})
        await self.report(step.done, step.total, "Computing the statistics")
        await self.service(FlightStatistics).compute()
        new = before + step.new
        result = f"{new:,} of {step.total:,} rows were new." if new else "Everything was there already."
        await self.report(step.total, step.total, result)
        await self.bus.emit("flights:imported", {"rows": new, "everything": everything})
        self.notify.success(f"The import is complete. {result}")
        return new
