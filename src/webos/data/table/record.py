"""One record by itself: its row, its history, and what is linked to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webos.data.audit.records import AuditEntry, FieldChange
from webos.data.audit.service import AuditService
from webos.data.document import AUDIT_FIELDS
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.table.columns import Column, ColumnKind, label_field, stored_name
from webos.data.table.labels import label_text
from webos.data.table.rows import plain_value
from webos.data.table.service import TableService
from webos.data.table.shown import shown_columns
from webos.kernel.context import current_user
from webos.kernel.errors import NotFoundError, WebOSError

__all__ = ["LinkedRecords", "RecordReader"]

_COUNTED = 1000
_LISTED = 50

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedRecords:
    """Documents that link to a record through one field.

    Attributes:
        model: `module.Class` of theirs.
        title: What people call one of them.
        field: The field that links.
        field_title: What people call it.
        count: How many there are, as far as they were counted.
        more: Whether there are more.
    """

    model: str
    title: str
    field: str
    field_title: str
    count: int
    more: bool


class RecordReader:
    """Reads single records as the acting user may see them.

    Args:
        tables: Reads rows.
        models: The document classes.
        database: The guarded database.
        audit: The record of changes.
    """

    def __init__(
        self, tables: TableService, models: ModelRegistry, database: GuardedDatabase, audit: AuditService
    ) -> None:
        self._tables = tables
        self._models = models
        self._database = database
        self._audit = audit

    async def row(self, model: str, identity: str) -> Row:
        """Return a record with its stamps, its label, and its columns.

        Raises:
            NotFoundError: There is none for the acting user.
        """
        info = self._tables.info(model)
        stored = await self._stored(info, identity)
        row = (await self._tables.render(info, [stored]))[0]
        name = label_field(info.document)
        label = label_text(stored.get(stored_name(info.document, name))) if name is not None else ""
        stamps = {name: plain_value(stored.get(name)) for name in ("created_at", "updated_at")}
        return {"row": row, "label": label or row["id"], "title": info.title, **stamps}

    async def linked(self, model: str, identity: str) -> list[LinkedRecords]:
        """Return how many documents link to a record, for each field that does; only what the acting user may read.

        Raises:
            NotFoundError: There is no such record for him.
        """
        info = self._tables.info(model)
        stored = await self._stored(info, identity)
        found: list[LinkedRecords] = []
        for other in self._models:
            for column in self._links(other, info):
                query = {f"{column.stored}.$id": stored["_id"]}
                count = await self._database[other.collection].count_documents(query, limit=_COUNTED + 1)
                if count:
                    found.append(
                        LinkedRecords(
                            model=other.name,
                            title=other.title,
                            field=column.field,
                            field_title=column.title,
                            count=min(count, _COUNTED),
                            more=count > _COUNTED,
                        )
                    )
        return found

    async def linking(self, model: str, identity: str, other: str, field: str) -> list[tuple[str, str]]:
        """Return ids and labels of the first documents that link to a record through a field.

        Args:
            model: `module.Class` of the record.
            identity: Its id.
            other: `module.Class` of those that link.
            field: The field that does.

        Raises:
            NotFoundError: There is no such record or field for the acting user.
        """
        info, source = self._tables.info(model), self._tables.info(other)
        stored = await self._stored(info, identity)
        column = next((each for each in self._links(source, info) if each.field == field), None)
        if column is None:
            msg = f"{other}.{field} does not link to {model}"
            raise NotFoundError(msg)
        name = label_field(source.document)
        label = stored_name(source.document, name) if name is not None else "_id"
        query = {f"{column.stored}.$id": stored["_id"]}
        cursor = self._database[source.collection].find(query, {label: 1}, limit=_LISTED)
        return [(str(each["_id"]), label_text(each.get(label)) or str(each["_id"])) async for each in cursor]

    async def history(self, model: str, identity: str, *, before: int | None = None) -> list[Row]:
        """Return the changes of a record as JSON can carry them, the latest first.

        Args:
            model: `module.Class`.
            identity: Its id.
            before: Only changes before this revision.

        Raises:
            NotFoundError: There is no such record for the acting user.
        """
        info = self._tables.info(model)
        entries = await self._audit.history(info.document, identity, limit=_LISTED, before=before)
        columns = {column.stored: column for column in shown_columns(info.document)}
        return [_entry(entry, columns) for entry in entries]

    async def restore(self, model: str, identity: str, *, revision: int, based_on: int | None) -> Row:
        """Write an old version of a record as a new change, and return its row.

        Raises:
            ConflictError: It is another one by now than revision `based_on`.
            InvalidInputError: The old values are not valid any more.
            NotFoundError: There is no such record or version for the acting user.
            PermissionDeniedError: He may not write the model.
        """
        info = self._tables.info(model)
        await self._audit.restore_version(info.document, identity, revision=revision, based_on=based_on)
        return (await self._tables.rows(model, [identity]))[0]

    async def choices(
        self, model: str, field: str, words: str, identities: Sequence[str] = ()
    ) -> list[tuple[str, str]]:
        """Return ids and labels of documents that a link of the model may lead to.

        Args:
            model: `module.Class`.
            field: The link.
            words: What their labels must have.
            identities: These very documents instead, as far as the acting user may read them.

        Raises:
            NotFoundError: There is no such link.
            PermissionDeniedError: The acting user may not read what it leads to.
        """
        info = self._tables.info(model)
        column = next((each for each in shown_columns(info.document) if each.field == field), None)
        if column is None or column.target is None:
            msg = f"{model} has no link {field!r}"
            raise NotFoundError(msg)
        target = self._models.of(column.target)
        if not identities:
            return await self._tables.labels(target, words)
        target.demand_read(current_user())
        name = label_field(target.document)
        label = stored_name(target.document, name) if name is not None else "_id"
        wanted = {"_id": {"$in": self._tables.ids(target, identities[:_LISTED])}}
        cursor = self._database[target.collection].find(wanted, {label: 1})
        return [(str(each["_id"]), label_text(each.get(label)) or str(each["_id"])) async for each in cursor]

    def _links(self, source: ModelInfo, target: ModelInfo) -> list[Column]:
        """Return the fields of `source` that link to `target`, where the acting user may read both."""
        if not source.may_read(current_user()):
            return []
        try:
            self._tables.info(source.name)
        except WebOSError:
            return []
        columns = shown_columns(source.document)
        return [each for each in columns if each.kind is ColumnKind.LINK and each.target is target.document]

    async def _stored(self, info: ModelInfo, identity: str) -> Row:
        wanted = self._tables.ids(info, [identity])
        stored = await self._database[info.collection].find_one({"_id": wanted[0]}) if wanted else None
        if stored is None:
            msg = f"no such {info.document.__name__}"
            raise NotFoundError(msg, user_message=f"There is no such {info.title.lower()}, or you may not see it.")
        return stored


def _entry(entry: AuditEntry, columns: Mapping[str, Column]) -> Row:
    return {
        "revision": entry.revision,
        "operation": entry.operation,
        "at": plain_value(entry.at),
        "by": entry.username,
        "label": entry.label,
        "change_set": entry.change_set,
        "changes": [
            {"field": columns[name].field, "title": columns[name].title, **_values(change)}
            for name, change in entry.changes.items()
            if name in columns and name not in AUDIT_FIELDS
        ],
    }


def _values(change: FieldChange) -> Row:
    if change.withheld:
        return {"withheld": change.withheld}
    return {"old": plain_value(change.old), "new": plain_value(change.new)}
