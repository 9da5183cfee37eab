"""Exporting what somebody may see: exactly the rows of a filter, in one order, block after block."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bson
from bson import DBRef, ObjectId
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from pymongo import ASCENDING, DESCENDING

from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.guard.fields import hidden_fields
from webos.data.model_registry import ModelInfo
from webos.data.table.columns import Column, ColumnKind, columns_of
from webos.data.table.id_source import Ids, read_ids
from webos.data.table.labels import LabelReader
from webos.data.table.query import TableQuery
from webos.data.table.views import ViewOpener
from webos.data.transfer.formats import FileFormat
from webos.data.transfer.options import ExportOptions
from webos.data.transfer.rendering import Renderer
from webos.data.transfer.writers import TableWriter, open_writer
from webos.data.transfer.xlsx import MOST_ROWS
from webos.kernel.errors import InvalidInputError

__all__ = ["Exporter", "exported_columns"]

_BLOCK = 200
_ID_BYTES = 12
_LOOK_SECONDS = 5.0
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, uuid_representation=UuidRepresentation.STANDARD)

Row = dict[str, Any]


def exported_columns(info: ModelInfo, names: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns that an export writes besides the id.

    Args:
        info: The model.
        names: Fields in their order; all that may be shown where there are none.

    Raises:
        InvalidInputError: There is no such column, or it must not be shown.
    """
    closed = info.policy.secrets | hidden_fields(info.policy)
    shown = {column.field: column for column in columns_of(info.document) if column.stored not in closed}
    wanted = [name for name in names if name != "id"] or list(shown)
    for name in wanted:
        if name not in shown:
            msg = f"there is no column {name!r}"
            raise InvalidInputError(msg, fields={name: "There is no such column."})
    return tuple(shown[name] for name in dict.fromkeys(wanted))


class Exporter:
    """Writes documents as files, as the acting user may see them.

    Args:
        database: The guarded database.
        views: Compiles queries.
        labels: Reads the labels of linked documents.
    """

    def __init__(self, database: GuardedDatabase, views: ViewOpener, labels: LabelReader) -> None:
        self._database = database
        self._views = views
        self._labels = labels

    async def open(
        self, info: ModelInfo, query: TableQuery, options: ExportOptions, refresh: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[bytes]:
        """Find the rows and return what yields the file, piece by piece.

        What is wrong with the request is raised here, before the first piece. The rows are those of this moment;
        one that is deleted before its block comes is left out.

        Args:
            info: The model; the acting user may read it.
            query: Which rows in which order.
            options: Which columns, and how.
            refresh: Called every few seconds; raises where the acting user may not read any more.

        Raises:
            InvalidInputError: A column or a condition is not possible, or there are too many rows for a workbook.
        """
        columns = exported_columns(info, options.columns)
        condition, order = await self._views.selection(info, query)
        collection = self._database[info.collection]
        backwards = order == [("_id", DESCENDING)]
        # Ids alone are read with little memory in their own order only.
        wanted = [("_id", ASCENDING)] if backwards else order
        identities = [ids async for ids in read_ids(collection, condition, wanted)]
        count = sum(len(ids) // _ID_BYTES if isinstance(ids, bytes) else len(ids) for ids in identities)
        if options.format is FileFormat.XLSX and count > MOST_ROWS:
            msg = (
                f"A workbook has room for {MOST_ROWS:,} rows, these are {count:,}. Export them as CSV, or filter them."
            )
            raise InvalidInputError(msg)
        renderer = Renderer(columns, options)
        writer = open_writer(options.format, renderer.headings, options.delimiter)
        return self._pieces(_Job(collection, columns, renderer, writer, identities, backwards=backwards), refresh)

    async def _pieces(self, job: "_Job", refresh: Callable[[], Awaitable[object]]) -> AsyncIterator[bytes]:
        fields = {"_id": 1, "revision": 1, **{column.stored: 1 for column in job.columns}}
        links = [column for column in job.columns if column.kind is ColumnKind.LINK and column.target is not None]
        look = time.monotonic() + _LOOK_SECONDS
        for block in job.blocks():
            if time.monotonic() > look:
                await refresh()
                look = time.monotonic() + _LOOK_SECONDS
            found: dict[Any, Row] = {}
            async for raw in job.collection.raw_batches({"_id": {"$in": block}}, fields):
                found |= await asyncio.to_thread(_by_id, raw)
            documents = [found[identity] for identity in block if identity in found]
            labels = {column.field: await self._read_labels(column, documents) for column in links}
            if piece := await asyncio.to_thread(job.write, documents, labels):
                yield piece
        yield await asyncio.to_thread(job.writer.close)

    async def _read_labels(self, column: Column, documents: Sequence[Row]) -> dict[Any, str]:
        linked = {value.id for each in documents if isinstance(value := each.get(column.stored), DBRef)}
        return await self._labels.read(column.target, linked) if column.target is not None and linked else {}


@dataclass(frozen=True, slots=True)
class _Job:
    """One export."""

    collection: GuardedCollection
    columns: Sequence[Column]
    renderer: Renderer
    writer: TableWriter
    identities: Sequence[Ids]
    backwards: bool

    def blocks(self) -> Iterator[list[Any]]:
        if not self.backwards:
            yield from _blocks(self.identities)
            return
        for ids in reversed(self.identities):
            step = _BLOCK * (_ID_BYTES if isinstance(ids, bytes) else 1)
            for end in range(len(ids), 0, -step):
                for block in _blocks([ids[max(0, end - step) : end]]):
                    yield block[::-1]

    def write(self, documents: Sequence[Row], labels: Mapping[str, Mapping[Any, str]]) -> bytes:
        return self.writer.write(self.renderer.rows(documents, labels))


def _blocks(identities: Sequence[Ids]) -> Iterator[list[Any]]:
    for ids in identities:
        if isinstance(ids, bytes):
            step = _BLOCK * _ID_BYTES
            for start in range(0, len(ids), step):
                part = ids[start : start + step]
                yield [ObjectId(part[at : at + _ID_BYTES]) for at in range(0, len(part), _ID_BYTES)]
        else:
            for start in range(0, len(ids), _BLOCK):
                yield ids[start : start + _BLOCK]


def _by_id(raw: bytes) -> dict[Any, Row]:
    return {row["_id"]: row for row in bson.decode_all(raw, _CODEC)}
