"""Big collections in pieces: each batch and the note that it is done in one transaction."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from loguru import logger
from pymongo.results import UpdateResult

from webos.data.migrations.collection import MigrationCollection
from webos.data.migrations.log import Checkpoint
from webos.data.migrations.stamps import Update

if TYPE_CHECKING:
    from pymongo.asynchronous.collection import AsyncCollection

    from webos.data.migrations.run import MigrationRun

__all__ = ["Batch", "iterate_batches"]

Row = dict[str, Any]

_TELL_SECONDS = 5.0


class Batch:
    """Some documents of a collection.

    Args:
        documents: The documents.
        collection: Their collection.

    Attributes:
        documents: The documents, as they are stored.
        collection: Their collection; what is written to it is done, or not, together with the batch.
    """

    def __init__(self, documents: list[Row], collection: MigrationCollection) -> None:
        self.documents = documents
        self.collection = collection

    def __iter__(self) -> Iterator[Row]:
        return iter(self.documents)

    def __len__(self) -> int:
        return len(self.documents)

    async def update(self, update: Update) -> UpdateResult:
        """Change all its documents alike."""
        return await self.collection.update_many({"_id": {"$in": [each["_id"] for each in self.documents]}}, update)


async def iterate_batches(
    run: "MigrationRun", raw: "AsyncCollection[Row]", query: Mapping[str, Any], size: int
) -> AsyncIterator[Batch]:
    """Yield the documents that match, in the order of their ids, from where an earlier run has stopped.

    What the body of the loop writes through the run's collections is committed together with the checkpoint when it
    asks for the next batch. So a batch is done once, however the process ends.

    Args:
        run: The run.
        raw: The driver's collection.
        query: Which documents.
        size: How many at a time.
    """
    point = run.begin_loop(raw.name)
    if run.is_trial:
        run.changed(raw.name, await raw.count_documents(query, session=run.session))
        return
    if point.finished:
        return
    rest = {"$and": [query, _behind(point)]} if point.last is not None else query
    left = await raw.count_documents(rest)
    point = replace(point, total=point.done + left)
    told = monotonic()
    async with aclosing(_ids(raw, rest, size)) as windows:
        async for ids in windows:
            await run.allow_write()
            await run.begin()
            # Two stages, because the embedded server finds by id quickly only if nothing else is asked for.
            stages: list[Row] = [{"$match": {"_id": {"$in": ids}}}, {"$match": query}]
            cursor = await raw.aggregate(stages, session=run.session)
            documents = sorted(await cursor.to_list(), key=_order(ids))
            if documents:
                yield Batch(documents, MigrationCollection(raw, run, writable=True))
            point = replace(point, last=ids[-1], done=point.done + len(ids))
            await run.keep(point)
            await run.commit()
            progress = run.report()
            if monotonic() - told >= _TELL_SECONDS:
                told = monotonic()
                logger.info("{}: {} of {} documents", run.file.id, progress.done, progress.total)
    await run.begin()
    await run.keep(replace(point, finished=True))
    await run.commit()


async def _ids(raw: "AsyncCollection[Row]", query: Mapping[str, Any], size: int) -> AsyncGenerator[list[Any], None]:
    """Yield the ids of the documents that match, in order, in lists of `size`.

    One query for all of them, for that is what the embedded server takes the same time for as for a single batch.
    """
    window: list[Any] = []
    async with raw.find(query, {"_id": 1}).sort("_id", 1).batch_size(size) as cursor:
        async for found in cursor:
            window.append(found["_id"])
            if len(window) == size:
                yield window
                window = []
    if window:
        yield window


def _behind(point: Checkpoint) -> Row:
    # A plain `$gt` passes over ids of another type.
    return {"$expr": {"$gt": ["$_id", {"$literal": point.last}]}}


def _order(ids: list[Any]) -> Any:  # noqa: ANN401 - a key for sorting
    places = {repr(each): place for place, each in enumerate(ids)}
    return lambda document: places[repr(document["_id"])]
