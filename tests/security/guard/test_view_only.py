"""Who looks at the system as somebody else writes by no path."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import pytest

from tests.integration.data.library import Shelf
from tests.security.guard.test_guard_writes import INSERTS, WRITES
from webos.data.connection import Connection
from webos.data.scope import system_context
from webos.kernel.context import acting_as
from webos.kernel.errors import ViewOnlyError


@pytest.mark.parametrize("kind", ["foreign note"])
@pytest.mark.parametrize("elevated", [False, True])
async def test_no_way_to_write_works(stored: Shelf, mongo: Connection, *, elevated: bool) -> None:
    """Each way to insert, change or delete is refused, as the system too, and what the user sees can still be read."""
    collection = stored.model.get_pymongo_collection()
    raw = mongo.raw[stored.model.get_collection_name()]
    before = await raw.find().to_list()
    looked_as = replace(stored.reader, viewer="root")
    refused = 0
    with acting_as(looked_as):
        assert await stored.model.get(stored.seen.id) is not None
        calls: list[Callable[[], Awaitable[object]]] = [
            partial(way, stored.seen.model_copy(), collection) for way in WRITES.values()
        ]
        calls += [partial(way, stored.model, "fresh") for way in INSERTS.values()]
        for call in calls:
            with system_context() if elevated else nullcontext(), pytest.raises(ViewOnlyError):
                await call()
            refused += 1
    assert refused == len(WRITES) + len(INSERTS)
    assert await raw.find().to_list() == before
