"""What a table can do beyond showing rows, put together once for the application."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from webos.data.audit.service import AuditService
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelRegistry
from webos.data.table.bulk import BulkChange
from webos.data.table.paste import Paste
from webos.data.table.record import RecordReader
from webos.data.table.saved_views import SavedViews
from webos.data.table.service import TableService
from webos.data.table.trash import Trash

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["TableTools"]


@dataclass(frozen=True, slots=True)
class TableTools:
    """The parts. Each acts as the current user.

    Attributes:
        tables: Rows.
        views: Views that people keep.
        records: Single records with history and links.
        bulk: Changes of many rows.
        paste: Changes of several rows, all or none.
        trash: Deleted rows.
        audit: The record of changes, which takes changes back.
    """

    tables: TableService
    views: SavedViews
    records: RecordReader
    bulk: BulkChange
    paste: Paste
    trash: Trash
    audit: AuditService

    @classmethod
    def of(
        cls,
        tables: TableService,
        models: ModelRegistry,
        database: GuardedDatabase,
        audit: AuditService,
        raw: "AsyncDatabase[dict[str, Any]]",
    ) -> "TableTools":
        """Return the parts of an application.

        Args:
            tables: Rows.
            models: The document classes.
            database: The guarded database.
            audit: The record of changes.
            raw: The driver's database, for the views.
        """
        return cls(
            tables,
            SavedViews(raw, tables),
            RecordReader(tables, models, database, audit),
            BulkChange(tables, database),
            Paste(tables, audit),
            Trash(tables, database),
            audit,
        )
