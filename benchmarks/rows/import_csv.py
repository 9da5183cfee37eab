"""Row `import`: all flights as a CSV file, validated, stamped and recorded, against `insert_many` of the bare rows."""

import csv
import io
import itertools
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import Field

from benchmarks.flights import flights_archive
from benchmarks.result import Result, at_most
from benchmarks.stage import Stage
from benchmarks.store import in_batches, open_database
from benchmarks.turns import seconds_for, take_turns
from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.server_traits import read_traits
from webos.data.table import TableService
from webos.data.transfer import ImportOptions, TransferService
from webos.kernel.context import Principal, User, acting_as

__all__ = ["run"]

_GOAL = at_most(6)
_DATABASE = "bench_import"
_BATCH = 5000
_PIECE = 256 * 1024
_USER = Principal(uuid4(), "importer", grants=frozenset({"years.*"}))
_NUMBERS = frozenset(
    {"year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay",
     "flight", "air_time", "distance", "hour", "minute"}
)  # fmt: skip


class YearFlight(CoreDocument):
    """One flight, with all columns of the file."""

    year: int
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    dep_time: int | None = Field(default=None, ge=0, le=2400)
    sched_dep_time: int = Field(ge=0, le=2400)
    dep_delay: int | None = None
    arr_time: int | None = Field(default=None, ge=0, le=2400)
    sched_arr_time: int = Field(ge=0, le=2400)
    arr_delay: int | None = None
    carrier: str = Field(min_length=2, max_length=2)
    flight: int = Field(ge=1)
    tailnum: str | None = Field(default=None, max_length=10)
    origin: str = Field(min_length=3, max_length=4)
    dest: str = Field(min_length=3, max_length=4)
    air_time: int | None = Field(default=None, ge=0)
    distance: int = Field(ge=0)
    hour: int = Field(ge=0, le=24)
    minute: int = Field(ge=0, le=59)
    time_hour: datetime


async def run(stage: Stage) -> list[Result]:
    """Measure the seconds for the whole file, on a server that does not wait for the disk.

    The bare driver is given rows that are read and converted already.
    """
    folder = stage.folder / "import"
    folder.mkdir()
    file = folder / "flights.csv"
    _write_file(file, stage.effort.flights)
    async with open_database(folder / "data", _DATABASE) as connection:
        try:
            transfers = await _prepare(connection, folder / "uploads")
            with acting_as(_USER):
                return [await _measure(stage, connection, transfers, file)]
        finally:
            await connection.client.drop_database(_DATABASE)


async def _measure(stage: Stage, connection: Connection, transfers: TransferService, file: Path) -> Result:
    numbers = itertools.count()

    async def ours() -> float:
        await _empty(connection)
        record = await transfers.upload(
            "years.YearFlight", "flights.csv", _pieces(file), ImportOptions(nulls=frozenset({"NA"}))
        )
        seconds = await seconds_for(lambda: transfers.run(record.id))
        done = await transfers.get(record.id)
        assert done.counts.inserted == stage.effort.flights, done.counts
        return seconds

    async def against() -> float:
        collection = connection.raw[f"bare_{next(numbers)}"]
        total = 0.0
        for batch in in_batches(_bare_rows(file), _BATCH):

            async def insert(rows: list[dict[str, Any]] = batch) -> None:
                await collection.insert_many(rows)

            total += await seconds_for(insert)
        assert await collection.estimated_document_count() == stage.effort.flights
        await collection.drop()
        return total

    pair = await take_turns(stage.effort.times(3, 1), ours, against, warm_up=0)
    return Result(f"import {stage.effort.flights:,} rows", "s", pair.ours, pair.against, _GOAL)


async def _prepare(connection: Connection, uploads: Path) -> TransferService:
    traits = await read_traits(connection.client)
    database = GuardedDatabase(connection.raw)
    database.adapt(traits)
    info = ModelInfo("years.YearFlight", "years", YearFlight, "years.read", "years.write")
    models = ModelRegistry()
    models.add(info)
    await initialize_models(database, [info], major_version=traits.major_version)
    changes = ChangeHub(connection.raw)

    async def load_user(_: UUID) -> User:
        return _USER

    tables = TableService(models, database, changes)
    transfers = TransferService(
        models, database, tables, changes, raw=connection.raw, folder=uploads, load_user=load_user
    )
    await transfers.start()
    return transfers


async def _empty(connection: Connection) -> None:
    await connection.raw["years.YearFlight"].delete_many({})


def _write_file(path: Path, count: int) -> None:
    """Write the CSV of the package as it is; beyond the last flight it begins again."""
    with zipfile.ZipFile(flights_archive()) as archive, path.open("w", encoding="utf-8", newline="") as target:
        written, first = 0, True
        while written < count:
            with io.TextIOWrapper(archive.open("flights.csv"), encoding="utf-8", newline="") as text:
                head = next(text)
                target.writelines([head] if first else [])
                first = False
                lines = list(itertools.islice(text, count - written))
            target.writelines(lines)
            written += len(lines)


def _bare_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            bare: dict[str, Any] = {}
            for name, cell in row.items():
                value: Any = None if cell == "NA" else cell
                bare[name] = int(value) if name in _NUMBERS and value is not None else value
            bare["time_hour"] = datetime.fromisoformat(row["time_hour"])
            yield bare


async def _pieces(path: Path) -> Any:  # noqa: ANN401 - an asynchronous iterator
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
