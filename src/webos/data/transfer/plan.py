"""All that an import stands on: the file, the mapping, the model, and what is known of rows before."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson import ObjectId

from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.table.columns import ColumnKind
from webos.data.transfer.csv_source import CsvSource
from webos.data.transfer.fields import ImportField, fields_of
from webos.data.transfer.formats import FileFormat, detect_format
from webos.data.transfer.identities import identity_maker
from webos.data.transfer.jsonl_source import JsonLinesSource
from webos.data.transfer.linking import LinkFinder
from webos.data.transfer.mapping import TableMapping, map_columns
from webos.data.transfer.matching import Matcher
from webos.data.transfer.options import ImportOptions
from webos.data.transfer.source import TableSource
from webos.data.transfer.validation import RowValidator
from webos.data.transfer.xlsx import XlsxSource

__all__ = ["ImportPlan", "make_plan", "open_source"]

_HEAD = 512


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import stands on.

    Attributes:
        info: The model.
        options: What is done.
        source: The file.
        mapping: Its columns.
        collection: The guarded collection.
        validator: Makes documents of rows.
        matcher: Finds stored documents.
        key: The fields of the key.
        finders: What finds linked documents, by field.
        identity: Makes the id of a new document of the number of its row; None where the file brings it.
        empty: What stands for an empty cell.
    """

    info: ModelInfo
    options: ImportOptions
    source: TableSource
    mapping: TableMapping
    collection: GuardedCollection
    validator: RowValidator
    matcher: Matcher
    key: tuple[ImportField, ...]
    finders: Mapping[str, LinkFinder]
    identity: Any
    empty: frozenset[str | None]

    @property
    def links_to_itself(self) -> bool:
        """Whether rows may link to rows before them."""
        return any(each.field.target is self.info.document for each in self.mapping.columns)

    def heading(self, field: str) -> str:
        """Return the heading of the column that fills a field; empty where none does."""
        name = field.partition(".")[0]
        return next((each.heading for each in self.mapping.columns if each.field.name == name), "")


def open_source(path: Path, filename: str, options: ImportOptions) -> TableSource:
    """Open a file as a table. It reads the file: call it in a thread.

    Args:
        path: The file.
        filename: What it is called.
        options: How it is read.

    Raises:
        UnreadableFileError: It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    match options.format or detect_format(filename, head):
        case FileFormat.XLSX:
            return XlsxSource(path, options)
        case FileFormat.JSONL:
            return JsonLinesSource(path)
        case FileFormat.CSV:
            return CsvSource(path, options)


def make_plan(
    info: ModelInfo,
    source: TableSource,
    options: ImportOptions,
    *,
    identity: ObjectId,
    models: ModelRegistry,
    database: GuardedDatabase,
) -> ImportPlan:
    """Put together what an import stands on, under the rights of the acting user.

    Args:
        info: The model.
        source: The file.
        options: What is done.
        identity: Id of the import.
        models: All models, for links.
        database: The guarded database.

    Raises:
        InvalidInputError: The columns do not fit the model; `fields` says which and why.
        PermissionDeniedError: A column links to what the acting user may not read.
    """
    mapping = map_columns(info, source, options)
    fields = fields_of(info.document)
    given = {each.field.name for each in mapping.columns}
    collection = database[info.collection]
    key = tuple(fields[name] for name in options.key)
    finders = {
        each.field.name: LinkFinder.of(each.field.target, models, database, each.linked_by)
        for each in mapping.columns
        if each.field.kind is ColumnKind.LINK and each.field.target is not None
    }
    return ImportPlan(
        info=info,
        options=options,
        source=source,
        mapping=mapping,
        collection=collection,
        validator=RowValidator(info.document, given),
        matcher=Matcher(collection, key or (fields["id"],)),
        key=key,
        finders=finders,
        identity=identity_maker(info.document, identity, options, given),
        empty=source.empties | options.nulls,
    )
