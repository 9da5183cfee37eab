"""Row `guarded`: reading and writing documents through the guard, against Beanie alone."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from beanie import Document, Indexed, init_beanie
from bson import ObjectId
from pydantic import Field

from benchmarks.result import Result, at_most
from benchmarks.stage import Stage
from benchmarks.store import open_database
from benchmarks.turns import seconds_for, take_turns
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo
from webos.data.server_traits import read_traits
from webos.kernel.context import Principal, acting_as

__all__ = ["run"]

_GOAL = at_most(1.10)
_DOCUMENTS = 2000
_GROUPS = 40
_DATABASE = "bench_guarded"
_AUTHOR = uuid4()


def _now() -> datetime:
    return datetime.now(UTC)


class GuardedItem(CoreDocument):
    """A document of ours; what its history costs is measured in the row `audit`."""

    sku: str
    name: str
    price: float = 0
    stock: int = 0
    group: Annotated[int, Indexed()] = 0

    class Settings:
        """No history."""

        audit = False


class BareItem(Document):
    """The same fields without the framework, and without what it keeps of each change."""

    sku: str
    name: str
    price: float = 0
    stock: int = 0
    group: Annotated[int, Indexed()] = 0


class StampedItem(Document):
    """The same fields without the framework, and with what it keeps of each change, written by hand."""

    sku: str
    name: str
    price: float = 0
    stock: int = 0
    group: Annotated[int, Indexed()] = 0
    created_at: datetime = Field(default_factory=_now)
    created_by: UUID = _AUTHOR
    updated_at: datetime = Field(default_factory=_now)
    updated_by: UUID = _AUTHOR
    deleted_at: datetime | None = None
    revision: int = 1


Item = GuardedItem | BareItem | StampedItem
Work = Callable[[type[Item], int], Awaitable[object]]


async def run(stage: Stage) -> list[Result]:
    """Measure the time of each kind of access, on a server that does not wait for the disk.

    Against documents without audit stamps each row shows what guard and stamps cost together; against documents
    whose stamps are written by hand it shows what the guard costs.
    """
    async with open_database(stage.folder / "guarded", _DATABASE) as connection:
        try:
            with acting_as(Principal(uuid4(), "reader", grants=frozenset({"items.*"}))):
                await _prepare(connection)
                return [
                    await _measure(stage, f"guarded {name}{suffix}", bare, work, count)
                    for suffix, bare in (("", BareItem), (", same fields", StampedItem))
                    for name, work, count in _WORK
                ]
        finally:
            await connection.client.drop_database(_DATABASE)


async def _prepare(connection: Connection) -> None:
    traits = await read_traits(connection.client)
    database = GuardedDatabase(connection.raw)
    database.adapt(traits)
    info = ModelInfo("items.GuardedItem", "items", GuardedItem, "items.read", "items.write")
    await initialize_models(database, [info], major_version=traits.major_version)
    await init_beanie(connection.raw, document_models=[BareItem, StampedItem])
    for model in (GuardedItem, BareItem, StampedItem):
        await model.insert_many([_new(model, number) for number in range(_DOCUMENTS)])


async def _measure(stage: Stage, name: str, bare: type[Item], work: Work, count: int) -> Result:
    numbers = itertools.count()
    times = stage.effort.times(count, 5)

    def microseconds(model: type[Item]) -> Callable[[], Awaitable[float]]:
        async def many() -> None:
            for _ in range(times):
                await work(model, next(numbers))

        async def measure() -> float:
            return await seconds_for(many) / times * 1e6

        return measure

    # Many short turns, so that both meet the same moments of a busy machine.
    pair = await take_turns(stage.effort.times(60), microseconds(GuardedItem), microseconds(bare))
    return Result(name, "µs", pair.ours, pair.against, _GOAL)


def _new(model: type[Item], number: int) -> Any:  # noqa: ANN401 - a document of either class
    return model(
        id=ObjectId(f"{number:024x}"), sku=f"A-{number}", name=f"Article {number}", price=9.5, group=number % _GROUPS
    )


async def _find(model: type[Item], number: int) -> object:
    found = await model.find({"group": number % _GROUPS}).to_list()
    assert len(found) == _DOCUMENTS // _GROUPS
    return found


async def _get(model: type[Item], number: int) -> object:
    return await model.get(ObjectId(f"{number % _DOCUMENTS:024x}"))


async def _insert(model: type[Item], number: int) -> object:
    # Groups that `_find` does not ask for, so that the order of the rows does not matter.
    return await model(sku=f"B-{number}", name="New", group=_GROUPS + number).insert()


async def _update(model: type[Item], number: int) -> object:
    change: dict[str, Any] = {"$set": {"stock": number}}
    if model is StampedItem:
        change = {"$set": {"stock": number, "updated_at": _now(), "updated_by": _AUTHOR}, "$inc": {"revision": 1}}
    return await model.find_one({"_id": ObjectId(f"{number % _DOCUMENTS:024x}")}).update(change)


_WORK: tuple[tuple[str, Work, int], ...] = (
    ("find of 50", _find, 6),
    ("get by id", _get, 30),
    ("insert", _insert, 30),
    ("update", _update, 30),
)
