"""What is to be done: the files of a module compared with the log."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webos.data.migrations.errors import MigrationError
from webos.data.migrations.log import Direction, MigrationLog, MigrationRecord
from webos.data.migrations.module import MigratedModule
from webos.data.migrations.source import Function, MigrationCode, MigrationFile, find_migrations

__all__ = ["Plan", "Step", "make_plan"]


@dataclass(frozen=True, slots=True)
class Step:
    """One migration to run.

    Attributes:
        file: The migration.
        direction: Which way.
    """

    file: MigrationFile
    direction: Direction

    def function(self, code: MigrationCode) -> Function:
        """Return what to run.

        Args:
            code: What the file says.

        Raises:
            MigrationError: The migration cannot be taken back.
        """
        function = code.forward if self.direction is Direction.FORWARD else code.backward
        if function is None:
            msg = f"{self.file.id} cannot be taken back: it has no `async def backward(ctx)`"
            raise MigrationError(msg)
        return function


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for one module.

    Attributes:
        module: The module.
        files: All its migrations.
        records: What the log says of them, by name.
        steps: What to run, in this order.
    """

    module: MigratedModule
    files: Sequence[MigrationFile]
    records: Mapping[str, MigrationRecord]
    steps: Sequence[Step]

    @property
    def changed(self) -> list[MigrationFile]:
        """Migrations that were applied and say something else now. They are not run again."""
        return [
            file
            for file in self.files
            if (record := self.records.get(file.name)) and record.is_applied and record.checksum != file.checksum
        ]


async def make_plan(module: MigratedModule, log: MigrationLog, target: int | None = None) -> Plan:
    """Compare files and log.

    Args:
        module: The module.
        log: The log.
        target: Number of the last migration that is to be applied; 0 for none; all of them where None.

    Raises:
        MigrationError: The files are wrong; or the database has seen a newer version of the module; or a migration
            would run after one that comes behind it; or there is none with that number.
    """
    files = await asyncio.to_thread(find_migrations, module.name, module.package, module.folder)
    records = await log.of_module(module.name)
    _refuse_newer_data(module, files, records)
    applied = [file for file in files if file.name in records and records[file.name].is_present]
    if target is not None and target not in {0, *(file.number for file in files)}:
        msg = f"{module.name} has no migration {target:04}"
        raise MigrationError(msg)
    last = target if target is not None else 9999
    back = [file for file in reversed(applied) if file.number > last]
    if back:
        return Plan(module, files, records, [Step(file, Direction.BACKWARD) for file in back])
    _refuse_half_taken_back(module, files, records)
    forward = [file for file in files if file.number <= last and not _is_applied(file, records)]
    _refuse_latecomers(forward, applied)
    return Plan(module, files, records, [Step(file, Direction.FORWARD) for file in forward])


def _is_applied(file: MigrationFile, records: Mapping[str, MigrationRecord]) -> bool:
    record = records.get(file.name)
    return record is not None and record.is_applied


def _refuse_newer_data(
    module: MigratedModule, files: Sequence[MigrationFile], records: Mapping[str, MigrationRecord]
) -> None:
    known = {file.name for file in files}
    unknown = [record for record in records.values() if record.is_present and record.name not in known]
    if unknown:
        first, newest = unknown[0], unknown[-1]
        earlier = max((file.number for file in files if file.number < first.number), default=0)
        msg = (
            f"The data of {module.name} is newer than the module: {', '.join(each.name for each in unknown)} was applied "
            f"by version {newest.version}, and this is version {module.version}. Install the newer one again, or take "
            f"the migration back with it: webos migrate --module {module.name} --to {earlier:04}"
        )
        raise MigrationError(msg)


def _refuse_half_taken_back(
    module: MigratedModule, files: Sequence[MigrationFile], records: Mapping[str, MigrationRecord]
) -> None:
    half = [each for each in records.values() if each.direction is Direction.BACKWARD and not each.finished]
    if half:
        earlier = max((file.number for file in files if file.number < half[0].number), default=0)
        msg = (
            f"{half[0].id} was being taken back and has stopped half-way. Go on: "
            f"webos migrate --module {module.name} --to {earlier:04}"
        )
        raise MigrationError(msg)


def _refuse_latecomers(forward: Sequence[MigrationFile], applied: Sequence[MigrationFile]) -> None:
    newest = max((file.number for file in applied), default=0)
    late = [file for file in forward if file.number < newest]
    if late:
        msg = f"{late[0].id} is new, but {newest:04} was applied before; give it a number above {newest:04}"
        raise MigrationError(msg)
