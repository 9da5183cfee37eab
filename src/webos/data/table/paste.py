"""Changing several rows at once, all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webos.data.audit.change_set import change_set
from webos.data.audit.service import AuditService
from webos.data.document import CoreDocument
from webos.data.table.editing import apply_changes, find_document
from webos.data.table.rows import Row
from webos.data.table.service import TableService
from webos.kernel.context import current_user
from webos.kernel.errors import InvalidInputError, WebOSError

__all__ = ["Paste", "PastedRow", "RefusedPasteError"]

_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class PastedRow:
    """New values of one row.

    Attributes:
        id: Id of the document.
        changes: New values by field.
        was: What the values were when the user looked.
        revision: The revision he saw; None where that is not known.
    """

    id: str
    changes: Mapping[str, Any]
    was: Mapping[str, Any] = field(default_factory=dict)
    revision: int | None = None


class RefusedPasteError(InvalidInputError):
    """Some of several rows cannot be changed like that, so none was.

    Args:
        cells: What is wrong, by `<id of the row>/<field>`.

    Attributes:
        cells: What is wrong, by `<id of the row>/<field>`.
    """

    code = "webos.paste_refused"
    title = "Nothing was pasted"

    def __init__(self, cells: Mapping[str, str]) -> None:
        self.cells = dict(cells)
        number = f"{len(self.cells)} values do" if len(self.cells) != 1 else "One value does"
        text = f"{number} not fit, so nothing was changed."
        super().__init__(text, user_message=text, fields=self.cells)


class Paste:
    """Changes rows together, as the acting user.

    Args:
        tables: Reads the rows.
        audit: Takes back what was stored, where a later row is refused.
    """

    def __init__(self, tables: TableService, audit: AuditService) -> None:
        self._tables = tables
        self._audit = audit

    async def apply(self, model: str, rows: Sequence[PastedRow]) -> tuple[list[Row], str]:
        """Change rows, all of them or none, and return them as they are now with the id of the change-set.

        Args:
            model: `module.Class`.
            rows: The rows and their values, at most 500.

        Raises:
            PermissionDeniedError: The acting user may not write.
            RefusedPasteError: A value does not fit, or somebody else has changed it meanwhile.
        """
        info = self._tables.info(model)
        info.demand_write(current_user())
        if not 0 < len(rows) <= _MOST_ROWS:
            raise InvalidInputError(fields={"rows": f"One to {_MOST_ROWS} rows can be pasted at once."})
        refused: dict[str, str] = {}
        ready: list[tuple[PastedRow, CoreDocument]] = []
        for row in rows:
            try:
                document = await find_document(info.document, row.id)
                apply_changes(document, row.changes, revision=row.revision, was=row.was)
                ready.append((row, document))
            except WebOSError as error:
                refused |= _cells(row, error)
        if refused:
            raise RefusedPasteError(refused)
        stored = 0
        with change_set(f"Paste into {len(rows)} rows") as group:
            for row, document in ready:
                try:
                    await document.save()
                    stored += 1
                except WebOSError as error:
                    refused |= _cells(row, error)
                    break
        if refused:
            if stored:
                await self._audit.undo(group)
            raise RefusedPasteError(refused)
        return await self._tables.rows(model, [row.id for row in rows]), group.id


def _cells(row: PastedRow, error: WebOSError) -> dict[str, str]:
    if error.fields:
        return {f"{row.id}/{name}": text for name, text in error.fields.items()}
    return {f"{row.id}/{next(iter(row.changes), '')}": error.user_message}
