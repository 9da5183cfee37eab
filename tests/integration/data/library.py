"""Fixtures: a guarded database with documents of several users."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.integration.data import models
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import link_namespace, resolve_links
from webos.data.model_registry import ModelInfo
from webos.data.server_traits import ServerTraits, read_traits
from webos.kernel.context import Principal, acting_as

__all__ = [
    "LIBRARY",
    "Shelf",
    "anna",
    "bert",
    "database",
    "describe",
    "field",
    "kind",
    "library",
    "root",
    "shelf",
    "stored",
    "traits",
]

LIBRARY = (models.Tag, models.Note, models.Page, models.Board)


@pytest.fixture
def anna() -> Principal:
    return Principal(uuid4(), "anna")


@pytest.fixture
def bert() -> Principal:
    return Principal(uuid4(), "bert")


@pytest.fixture
def root() -> Principal:
    return Principal(uuid4(), "root", is_superuser=True)


@pytest_asyncio.fixture
async def traits(mongo: Connection) -> ServerTraits:
    return await read_traits(mongo.client)


@pytest.fixture
def database(mongo: Connection, traits: ServerTraits) -> GuardedDatabase:
    """Return a guarded database without collections."""
    return GuardedDatabase(mongo.raw, traits)


def describe(module: str, *documents: type[CoreDocument]) -> list[ModelInfo]:
    """Return the entries of a module's documents."""
    return [ModelInfo(f"{module}.{each.__name__}", module, each, None, None) for each in documents]


@pytest_asyncio.fixture
async def library(database: GuardedDatabase, traits: ServerTraits) -> GuardedDatabase:
    """Return the guarded database with the documents of the module `library` ready for use."""
    infos = describe("library", *LIBRARY)
    for info in infos:
        resolve_links(info, link_namespace(infos), vars(models))
    await initialize_models(database, infos, major_version=traits.major_version)
    return database


@dataclass
class Shelf:
    """Two documents of a class, one of which the reader must not see.

    Attributes:
        model: Their class.
        seen: The one he sees.
        hidden: The other one: somebody else's, or deleted.
        reader: The reader.
    """

    model: type[models.Note] | type[models.Page]
    seen: models.Article
    hidden: models.Article
    reader: Principal


@pytest.fixture(params=["foreign note", "deleted note", "deleted page"])
def kind(request: pytest.FixtureRequest) -> str:
    """What is hidden."""
    return str(request.param)


@pytest_asyncio.fixture
async def stored(library: GuardedDatabase, kind: str, anna: Principal, bert: Principal) -> Shelf:
    """Return a visible and a hidden document; nobody acts yet."""
    del library
    model = models.Page if kind.endswith("page") else models.Note
    with acting_as(bert):
        tag = await models.Tag(word="red").insert()
        links = {"main_tag": tag, "tags": [tag]}
        seen = await model(code="seen", title="one", rank=5, **links).insert()
    with acting_as(anna if kind == "foreign note" else bert):
        hidden = await model(code="hidden", title="two", rank=7, **links).insert()
        if kind != "foreign note":
            await hidden.delete()
        await models.Board(name="all", **{field(model): hidden}, **{f"{field(model)}s": [seen, hidden]}).insert()
    return Shelf(model, seen, hidden, bert)


@pytest.fixture
def shelf(stored: Shelf) -> Iterator[Shelf]:
    """Return a visible and a hidden document, and act as the reader."""
    with acting_as(stored.reader):
        yield stored


def field(model: type[CoreDocument]) -> str:
    """Return the field in which a board links to a document of a class."""
    return model.__name__.lower()
