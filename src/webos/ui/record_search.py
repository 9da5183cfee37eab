"""Records and what else modules find, for the palette: searched on the server, under the rights of who asks."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from loguru import logger
from starlette.responses import JSONResponse

from webos.kernel.context import signed_in_user
from webos.kernel.errors import PermissionDeniedError

if TYPE_CHECKING:
    from webos.ui.interface import Interface

__all__ = ["RecordSource", "SearchHit", "palette_router"]

PALETTE_PATH = "/_webos/palette"
# Browsers read a second slash as the beginning of another host.
_PATH = re.compile(r"/(?![/\\])")
_SHORTEST = 2
_LONGEST = 100
_MOST_OF_ONE = 5
_MOST = 20
_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """Something the palette offers for what was typed.

    Attributes:
        title: What it is called.
        path: Path of the page that opens.
        where: What kind of thing it is, beside the title.
        icon: Name of a Material icon.
    """

    title: str
    path: str
    where: str = ""
    icon: str = "article"


RecordSource = Callable[[str], Sequence[Callable[[], Awaitable[list[SearchHit]]]]]
"""Returns the searches for what was typed, one for each kind of record that the acting user may read."""


def palette_router(interface: "Interface") -> APIRouter:
    """Return the route that the palette asks while somebody types.

    Args:
        interface: The interface of the application.
    """
    router = APIRouter(include_in_schema=False)

    @router.get(PALETTE_PATH)
    async def find(q: Annotated[str, Query(max_length=_LONGEST)]) -> JSONResponse:
        user = signed_in_user()
        words = q.strip()
        if len(words) < _SHORTEST:
            return JSONResponse([])
        searches = list(interface.records(words))
        searches += [partial(each.handler, words) for each in interface.layout.searches(user)]
        found = await asyncio.gather(*(_within_bounds(search) for search in searches))
        hits = [hit for each in found for hit in each if _PATH.match(hit.path)][:_MOST]
        return JSONResponse([_view(hit) for hit in hits])

    return router


async def _within_bounds(search: Callable[[], Awaitable[list[SearchHit]]]) -> list[SearchHit]:
    """Return what one search finds; one that fails or takes too long finds nothing, and stops no other."""
    try:
        async with asyncio.timeout(_SECONDS):
            return list(await search())[:_MOST_OF_ONE]
    except PermissionDeniedError:
        return []
    except TimeoutError:
        logger.warning("a search of the palette took longer than {} s and was stopped", _SECONDS)
    except Exception:  # noqa: BLE001 - the boundary between the shell and a module
        logger.exception("a search of the palette failed")
    return []


def _view(hit: SearchHit) -> dict[str, Any]:
    return {"title": hit.title, "path": hit.path, "where": hit.where, "icon": hit.icon}
