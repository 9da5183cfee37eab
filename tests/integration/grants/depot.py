"""A depot: stock moves that another module reads, and the desk that grants it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest_asyncio
from beanie import Link
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from webos.data.connection import Connection
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.grants.declaration import data_access
from webos.data.grants.desk import GrantDesk
from webos.data.grants.reader import DataReader
from webos.data.grants.registry import GrantRegistry
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import resolve_links
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.rules import ACTING, Rule
from webos.data.secret import Secret
from webos.data.server_traits import read_traits
from webos.kernel.context import Principal

if TYPE_CHECKING:
    from tests.integration.grants import depot as models

__all__ = [
    "ANNA", "BERT", "ROOT", "STRANGER", "Depot", "Diary", "Move", "Place", "State", "depot", "read_from"
]  # fmt: skip

ANNA = Principal(uuid4(), "anna", role_names=("north",), grants=frozenset({"depot.read", "depot.cost"}))
BERT = Principal(uuid4(), "bert", role_names=("south",), grants=frozenset({"depot.read"}))
STRANGER = Principal(uuid4(), "stranger")
ROOT = Principal(uuid4(), "root", is_superuser=True)


class State(StrEnum):
    """A choice."""

    OPEN = "open"
    DONE = "done"


class Size(BaseModel):
    """Something inside of a move."""

    width: int = 0


class Place(CoreDocument):
    """Where moves go to."""

    name: str


class Move(CoreDocument):
    """What is read."""

    sku: str
    quantity: int = 0
    cost: Decimal | None = None
    region: str = "north"
    state: State = State.OPEN
    day: date | None = None
    size: Size = Field(default_factory=Size)
    tags: list[str] = Field(default_factory=list)
    place: Link["models.Place"] | None = None
    places: list[Link["models.Place"]] = Field(default_factory=list)
    old: str = Field(default="", alias="older_name")
    key: Secret | None = None
    word: SecretStr = SecretStr("")
    note: str = ""

    model_config = ConfigDict(populate_by_name=True)

    class Settings:
        """Its region is read; the cost by some."""

        rules = [Rule("read", "write", where={"region": {"$in": ACTING.roles}})]  # noqa: RUF012
        field_permissions = {"cost": "depot.cost"}  # noqa: RUF012


class Diary(OwnedDocument):
    """A document with an owner."""

    text: str = ""


@dataclass
class Depot:
    """The desk and what it stands on.

    Attributes:
        desk: Grants reads.
        registry: Lists grants.
        database: The guarded database.
        models: The document classes.
    """

    desk: GrantDesk
    registry: GrantRegistry
    database: GuardedDatabase
    models: ModelRegistry


def read_from(depot: Depot, model: str = "depot.Move", *fields: str) -> DataReader:
    """Return a reader of fields of a model, for the service `reports.Report`."""
    decorate: Callable[[Any], Any] = data_access(model, access="read", fields=fields or ("sku", "quantity"))

    @decorate
    class Report:
        """A consumer."""

    depot.desk.declare("reports.Report", Report, ["depot"])
    return depot.desk.reader("reports.Report", model)


@pytest_asyncio.fixture
async def depot(mongo: Connection) -> Depot:
    """Return a depot without moves; nobody acts yet."""
    traits = await read_traits(mongo.client)
    database = GuardedDatabase(mongo.raw, traits)
    models, registry = ModelRegistry(), GrantRegistry()
    infos = [ModelInfo(f"depot.{each.__name__}", "depot", each, "depot.read", None) for each in (Place, Move, Diary)]
    for info in infos:
        resolve_links(info, {"models": type("Namespace", (), {"Place": Place})}, globals())
        models.add(info)
    await initialize_models(database, infos, major_version=traits.major_version)
    return Depot(GrantDesk(models, database, registry), registry, database, models)
