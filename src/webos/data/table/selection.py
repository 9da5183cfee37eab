"""Which documents a bulk change means: single ones, or all of a filter."""

from dataclasses import dataclass
from typing import Any

from webos.data.model_registry import ModelInfo
from webos.data.table.query import TableQuery
from webos.data.table.service import TableService

__all__ = ["Selection", "selected_ids"]


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice of rows.

    Attributes:
        query: Which rows are chosen where no single ones are.
        ids: The single ones; None for all of the query.
        excluded: Rows of the query that are not chosen.
    """

    query: TableQuery
    ids: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()


async def selected_ids(tables: TableService, info: ModelInfo, selection: Selection) -> list[Any]:
    """Return the ids of the chosen documents, in the order of the query.

    Args:
        tables: Reads the rows, as the acting user.
        info: The model.
        selection: The choice.

    Raises:
        InvalidInputError: The query asks for what the model does not have.
    """
    if selection.ids is not None:
        return tables.ids(info, selection.ids)
    view = await tables.view(info, selection.query)
    total = await view.total()
    found = await view.block(0, total)
    if selection.excluded:
        out = set(tables.ids(info, selection.excluded))
        found = [identity for identity in found if identity not in out]
    return found
