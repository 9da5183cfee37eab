"""Which documents a bulk change means: single ones, or all of a filter."""

import asyncio
from dataclasses import dataclass
from typing import Any

from webos.data.model_registry import ModelInfo
from webos.data.table.query import TableQuery
from webos.data.table.service import TableService

__all__ = ["Selection", "selected_head", "selected_ids"]

_AT_ONCE = 5000
_FEW = 50


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
    found: list[Any] = []
    for start in range(0, total, _AT_ONCE):
        found += await view.block(start, min(start + _AT_ONCE, total))
        # Of hundreds of thousands, others must have their turn in between.
        await asyncio.sleep(0)
    if selection.excluded:
        out = set(tables.ids(info, selection.excluded))
        found = [identity for identity in found if identity not in out]
    return found


async def selected_head(
    tables: TableService, info: ModelInfo, selection: Selection, number: int
) -> tuple[int, list[Any]]:
    """Return how many documents are chosen, and the ids of the first ones.

    Args:
        tables: Reads the rows, as the acting user.
        info: The model.
        selection: The choice.
        number: How many ids are wanted.

    Raises:
        InvalidInputError: The query asks for what the model does not have.
    """
    if selection.ids is not None or len(selection.excluded) > _FEW:
        found = await selected_ids(tables, info, selection)
        return len(found), found[:number]
    view = await tables.view(info, selection.query)
    out = [identity for identity in tables.ids(info, selection.excluded) if await view.find(identity) is not None]
    head = await view.block(0, number + len(out))
    return await view.total() - len(out), [identity for identity in head if identity not in out][:number]
