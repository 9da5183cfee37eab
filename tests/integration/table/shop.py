"""A small shop: documents of all kinds, and the table service on a real server."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID, uuid4

from beanie import Indexed, Link
from pydantic import ConfigDict, Field, SecretStr, model_validator

from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.guard import GuardedCollection, GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.server_traits import read_traits
from webos.data.table import TableQuery, TableService
from webos.kernel.context import Principal, acting_as

EVERYBODY = frozenset({"shop.*"})
ANNA = Principal(uuid4(), "anna", grants=EVERYBODY)
BERT = Principal(uuid4(), "bert", grants=EVERYBODY)
READER = Principal(uuid4(), "reader", grants=frozenset({"shop.read"}))
STRANGER = Principal(uuid4(), "stranger", grants=frozenset({"other.*"}))
ROOT = Principal(uuid4(), "root", is_superuser=True)


class Size(StrEnum):
    """A choice."""

    SMALL = "small"
    EXTRA_LARGE = "extra_large"


class Category(CoreDocument):
    """Something that products belong to."""

    name: Annotated[str, Indexed(unique=True)]


class Product(CoreDocument):
    """A document with a field of every kind that can be filtered."""

    name: str
    note: str | None = None
    stock: int = Field(default=0, ge=0)
    weight: float | None = None
    price: Decimal | None = Field(default=None, ge=0)
    active: bool | None = None
    day: date | None = None
    sold_at: datetime | None = None
    size: Size | None = None
    category: Link[Category] | None = None
    maker: Link["Diary"] | None = None
    tags: list[str] = Field(default_factory=list)
    key: SecretStr = SecretStr("hunter2")


class Diary(OwnedDocument):
    """A document that only its author sees."""

    title: str


class Safe(CoreDocument):
    """A document of another module, with a permission of its own."""

    name: str


class Card(CoreDocument):
    """A document that links to what not everybody may read."""

    name: str
    safe: Link[Safe] | None = None
    diary: Link[Diary] | None = None


class Period(CoreDocument):
    """A document with a rule over two fields, and one that must be unique."""

    name: Annotated[str, Indexed(unique=True)]
    start: int = 0
    end: int = 10
    old: str = Field(default="", alias="older_name")
    fixed: str = Field(default="x", frozen=True)

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start > self.end:
            msg = "The end lies before the start"
            raise ValueError(msg)
        return self


class Ticket(CoreDocument):
    """A document whose ids are not ObjectIds."""

    id: UUID = Field(default_factory=uuid4)  # type: ignore[assignment]  # as Beanie wants it
    name: str = ""

    class Settings:
        """The order nobody has asked for."""

        sort = "-name"


INFOS = [
    ModelInfo("shop.Category", "shop", Category, "shop.read", "shop.write"),
    ModelInfo("shop.Product", "shop", Product, "shop.read", "shop.write"),
    ModelInfo("shop.Diary", "shop", Diary, "shop.read", "shop.write"),
    ModelInfo("other.Safe", "other", Safe, "other.read", "other.write"),
    ModelInfo("shop.Card", "shop", Card, "shop.read", "shop.write"),
    ModelInfo("shop.Period", "shop", Period, "shop.read", "shop.write"),
    ModelInfo("shop.Ticket", "shop", Ticket, "shop.read", "shop.write"),
]
Product.model_rebuild(_types_namespace={"Diary": Diary, "Category": Category})

Query = Mapping[str, Any]


@dataclass(repr=False)
class Shop:
    """The service, what it stands on, and short ways to ask it."""

    connection: Connection
    database: GuardedDatabase
    models: ModelRegistry
    changes: ChangeHub
    tables: TableService
    more: list[TableService] = field(default_factory=list)

    def new_tables(self) -> TableService:
        """Return a service that remembers nothing of the others."""
        self.more.append(TableService(self.models, self.database, self.changes))
        return self.more[-1]

    def collection(self, document: type[CoreDocument]) -> GuardedCollection:
        """Return a guarded collection."""
        return self.database[self.models.of(document).collection]

    async def ids(self, model: str, filters: Query | None = None, **query: Any) -> list[str]:
        """Return the ids of all rows of a query, as a fresh service reads them."""
        block = await self.new_tables().block(model, TableQuery(filters or {}, **query), 0, 1000)
        return [row["id"] for row in block.rows]

    async def names(
        self, model: str = "shop.Product", filters: Query | None = None, *, handle: str = "", **query: Any
    ) -> list[str]:
        """Return the names of all rows of a query, as the one service gives them."""
        block = await self.tables.block(model, TableQuery(filters or {}, **query), 0, 1000, handle)
        return [row["name"] for row in block.rows]

    async def fill(self, *names: str) -> list[Product]:
        """Store products of these names, one after the other."""
        return [await Product(name=name).insert() for name in names]

    async def open(self) -> None:
        """Make the models usable and begin to watch."""
        for info in INFOS:
            self.models.add(info)
        traits = await read_traits(self.connection.client)
        self.database.adapt(traits)
        await initialize_models(self.database, INFOS, major_version=traits.major_version)
        await self.changes.start()

    async def close(self) -> None:
        """Stop all."""
        for tables in [self.tables, *self.more]:
            await tables.close()
        await self.changes.stop()

    @contextmanager
    def reads_all_matches(self, *, value: bool) -> Iterator[None]:
        """Treat the server as one that reads every match before it answers, or as one that does not."""
        before = self.database.traits
        self.database.adapt(replace(before, reads_all_matches=value))
        try:
            yield
        finally:
            self.database.adapt(before)


def build_shop(connection: Connection) -> Shop:
    """Return a shop on a database that is still empty."""
    database = GuardedDatabase(connection.raw)
    models = ModelRegistry()
    changes = ChangeHub(connection.raw)
    return Shop(connection, database, models, changes, TableService(models, database, changes))


async def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until an awaitable condition holds.

    Raises:
        AssertionError: It does not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.01)


def as_user(user: Principal) -> Any:
    """Return a block in which `user` acts."""
    return acting_as(user)
