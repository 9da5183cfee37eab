"""The import of the example's data: step by step, each of which may be repeated without storing a row twice."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from .dataset import CsvRow

__all__ = ["Position", "Stage", "Step", "import_stages"]

Position = dict[str, int]
"""How many rows of each stage are done, by the name of the stage."""

_BATCH = 2500


@dataclass(frozen=True, slots=True)
class Stage:
    """One kind of data.

    Attributes:
        name: What it brings, for people.
        count: How many rows there are.
        read: Reads the rows from a number on; it is called in a thread.
        store: Stores rows that begin at a number, as far as they are missing, and returns how many were.
    """

    name: str
    count: int
    read: Callable[[int], Iterator[CsvRow]]
    store: Callable[[int, list[CsvRow]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Step:
    """Where an import is.

    Attributes:
        done: Rows that are done, of all stages.
        total: Rows there are.
        message: What it is doing, for people.
        position: From where an import can go on.
        new: Rows that were stored up to here.
    """

    done: int
    total: int
    message: str
    position: Position = field(default_factory=dict)
    new: int = 0


async def import_stages(stages: list[Stage], position: Mapping[str, int]) -> AsyncIterator[Step]:
    """Store the rows of all stages, and yield after each batch.

    Args:
        stages: What to store, in this order.
        position: Of an earlier import that did not come to its end; empty to look at every row.
    """
    total = sum(stage.count for stage in stages)
    done = new = 0
    reached = dict(position)
    for stage in stages:
        start = reached.get(stage.name, 0)
        done += start
        yield Step(done, total, _message(stage, start), reached, new)
        rows = stage.read(start)
        while batch := await asyncio.to_thread(_take, rows):
            new += await stage.store(start, batch)
            start += len(batch)
            done += len(batch)
            reached = {**reached, stage.name: start}
            yield Step(done, total, _message(stage, start), reached, new)


def _take(rows: Iterator[CsvRow]) -> list[CsvRow]:
    return list(itertools.islice(rows, _BATCH))


def _message(stage: Stage, done: int) -> str:
    return f"{stage.name}: {done:,} of {stage.count:,}"
