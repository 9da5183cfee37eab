"""Changing or deleting all documents of a choice, with a preview before and one change-set for all."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from webos.data.audit.change_set import change_set
from webos.data.document import CoreDocument
from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.loaded import difference, loaded_state, read_document
from webos.data.model_registry import ModelInfo
from webos.data.table.columns import label_field, stored_name
from webos.data.table.editing import apply_changes
from webos.data.table.labels import label_text
from webos.data.table.selection import Selection, selected_head, selected_ids
from webos.data.table.service import TableService
from webos.kernel.context import current_user
from webos.kernel.errors import ConflictError, InvalidInputError, WebOSError

__all__ = ["BulkChange", "BulkPreview", "BulkReport", "RowProblem"]

_BATCH = 200
_SAMPLE = 8
_ATTEMPTS = 3
_MOST_PROBLEMS = 200

Row = dict[str, Any]
Update = dict[str, Any]
Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A document that could not be changed.

    Attributes:
        id: Its id.
        label: What people call it.
        reason: What stood in the way, worded for people.
    """

    id: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """What a bulk change would do.

    Attributes:
        count: How many documents it means.
        sample: Some of them: `id`, `label`, and the changed fields `before` and `after`.
        problems: Which of these could not be changed.
    """

    count: int
    sample: list[Row] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)


@dataclass(slots=True)
class BulkReport:
    """What a bulk change did.

    Attributes:
        change_set: What it can be taken back with.
        done: How many documents were changed or deleted.
        unchanged: How many had these values already, or were gone.
        failed: How many could not be changed.
        problems: Which these are, the first of them.
    """

    change_set: str
    done: int = 0
    unchanged: int = 0
    failed: int = 0
    problems: list[RowProblem] = field(default_factory=list)

    def refuse(self, identity: Any, label: str, reason: str) -> None:  # noqa: ANN401 - any id
        """Note a document that could not be changed."""
        self.failed += 1
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(RowProblem(str(identity), label, reason))


class BulkChange:
    """Changes many documents as the acting user, each validated by the model.

    Args:
        tables: Reads the rows.
        database: The guarded database.
    """

    def __init__(self, tables: TableService, database: GuardedDatabase) -> None:
        self._tables = tables
        self._database = database

    async def preview(self, model: str, selection: Selection, changes: Mapping[str, Any] | None) -> BulkPreview:
        """Say what a bulk change would do. Nothing is changed.

        Args:
            model: `module.Class`.
            selection: Which documents.
            changes: New values by field; None to delete.

        Raises:
            InvalidInputError: A field cannot be changed here.
            PermissionDeniedError: The acting user may not write.
        """
        info = self._writable(model)
        count, head = await selected_head(self._tables, info, selection, _SAMPLE)
        preview = BulkPreview(count)
        for document in await self._read(info, head):
            label = _label(document)
            if changes is None:
                preview.sample.append({"id": str(document.id), "label": label})
                continue
            before = document.model_dump(mode="json", include=set(changes))
            try:
                apply_changes(document, changes, revision=None, was={})
            except WebOSError as error:
                if not _is_for_the_row(error, changes):
                    raise
                preview.problems.append(RowProblem(str(document.id), label, _reason(error)))
                continue
            after = document.model_dump(mode="json", include=set(changes))
            preview.sample.append({"id": str(document.id), "label": label, "before": before, "after": after})
        return preview

    async def run(
        self,
        model: str,
        selection: Selection,
        changes: Mapping[str, Any] | None,
        *,
        identity: str,
        expected: int | None = None,
        progress: Progress | None = None,
        begun: Callable[[], Awaitable[None]] | None = None,
    ) -> BulkReport:
        """Change or delete the documents; what cannot be changed is left alone and reported.

        Args:
            model: `module.Class`.
            selection: Which documents.
            changes: New values by field; None to delete.
            identity: Names the change-set.
            expected: How many there were in the preview; not asked where None.
            progress: Is told how many documents are done, and how many there are.
            begun: Called before the first change.

        Raises:
            ConflictError: There are others now than the preview has said.
            PermissionDeniedError: The acting user may not write.
        """
        # Whether a page shows the model was asked when the change was ordered; this process may show none.
        info = self._tables.writable(model, ordered=True)
        identities = await selected_ids(self._tables, info, selection)
        if expected is not None and len(identities) != expected:
            msg = f"{len(identities)} rows match instead of {expected}"
            text = f"Now {len(identities):,} rows match instead of {expected:,}. Look at them again."
            raise ConflictError(msg, user_message=text)
        if begun is not None:
            await begun()
        report = BulkReport(identity)
        with change_set(_describe(info, changes, len(identities)), identity=identity):
            for start in range(0, len(identities), _BATCH):
                batch = identities[start : start + _BATCH]
                await self._run_batch(info, batch, changes, report)
                if progress is not None:
                    await progress(start + len(batch), len(identities))
        return report

    async def _run_batch(
        self, info: ModelInfo, identities: Sequence[Any], changes: Mapping[str, Any] | None, report: BulkReport
    ) -> None:
        waiting: Sequence[Any] = identities
        reasons: dict[Any, str] = {}
        labels: dict[Any, str] = {}
        for _ in range(_ATTEMPTS):
            documents = await self._read(info, waiting, report)
            labels |= {document.id: _label(document) for document in documents}
            plans = list(self._plans(info, documents, changes, report))
            if not plans:
                return
            collection = self._collection(info)
            outcomes = await collection.change_each(plans)
            reasons = {plan[0]["_id"]: why for plan, why in zip(plans, outcomes, strict=True) if why is not None}
            report.done += len(plans) - len(reasons)
            if not reasons:
                return
            # Somebody else may have changed a row between reading and writing; on what is stored now it may go.
            waiting = list(reasons)
        for identity, reason in reasons.items():
            report.refuse(identity, labels.get(identity, ""), reason)

    def _plans(
        self,
        info: ModelInfo,
        documents: Sequence[CoreDocument],
        changes: Mapping[str, Any] | None,
        report: BulkReport,
    ) -> Iterator[tuple[Row, Update | None]]:
        codec = self._collection(info).database.journal.codec
        for document in documents:
            base = loaded_state(document) or {}
            if changes is None:
                yield base, None
                continue
            try:
                apply_changes(document, changes, revision=None, was={})
            except WebOSError as error:
                report.refuse(document.id, _label(document), _reason(error))
                continue
            changed, gone = difference(document, base, codec)
            update = {"$set": changed, "$unset": dict.fromkeys(gone, "")}
            update = {operator: fields for operator, fields in update.items() if fields}
            if update:
                yield base, update
            else:
                report.unchanged += 1

    async def _read(
        self, info: ModelInfo, identities: Sequence[Any], report: BulkReport | None = None
    ) -> list[CoreDocument]:
        if not identities:
            return []
        rows = await self._collection(info).find({"_id": {"$in": list(identities)}}).to_list()
        found = {row["_id"]: row for row in rows}
        documents: list[CoreDocument] = []
        for identity in identities:
            if identity not in found:
                if report is not None:
                    report.unchanged += 1
                continue
            try:
                documents.append(read_document(info.document, found[identity]))
            except ValidationError:
                if report is not None:
                    report.refuse(identity, str(identity), "What is stored does not fit the rules that hold today.")
        return documents

    def _writable(self, model: str) -> ModelInfo:
        info = self._tables.info(model)
        info.demand_write(current_user())
        return info

    def _collection(self, info: ModelInfo) -> GuardedCollection:
        return self._database[info.collection]


def _label(document: CoreDocument) -> str:
    name = label_field(type(document))
    hidden = name is None or stored_name(type(document), name) not in (loaded_state(document) or {})
    return str(document.id) if hidden else label_text(getattr(document, name or "", None))


def _reason(error: WebOSError) -> str:
    return "; ".join(error.fields.values()) or error.user_message


def _is_for_the_row(error: WebOSError, changes: Mapping[str, Any]) -> bool:
    """Return whether an error may be that of one row: a field that nobody can change here is none."""
    closed = "This field cannot be changed here."
    return not (isinstance(error, InvalidInputError) and closed in {error.fields.get(name) for name in changes})


def _describe(info: ModelInfo, changes: Mapping[str, Any] | None, number: int) -> str:
    rows = f"{number:,} of {info.title}"
    return f"Deletion of {rows}" if changes is None else f"Change of {', '.join(sorted(changes))} in {rows}"
