"""An office: orders with row rules, staff with hidden fields, notes with an owner and a further rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import pytest_asyncio
from beanie import BackLink, Indexed, Link
from pydantic import Field

from tests.integration.data.library import describe
from webos.data.connection import Connection
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import link_namespace, resolve_links
from webos.data.model_registry import ModelInfo
from webos.data.rules import ACTING, Rule
from webos.data.server_traits import read_traits
from webos.kernel.context import ANONYMOUS, Principal, acting_as

if TYPE_CHECKING:
    from tests.integration.rules import office as models

__all__ = [
    "BOSS", "CLERK", "NORTH", "PEOPLE", "ROOT", "SOUTH", "VISITOR", "Desk", "Memo", "Order", "Person", "infos", "office"
]  # fmt: skip


class Order(CoreDocument):
    """Seen by its region; changed by its author while it is a draft; made in one's own region."""

    code: str
    region: str = "north"
    status: str = "draft"
    amount: Annotated[int, Indexed()] = 0
    person: Link["models.Person"] | None = None

    class Settings:
        """The rules."""

        rules = [  # noqa: RUF012 - as modules write it
            Rule("read", "write", permission="office.all"),
            Rule("read", where={"region": {"$in": ACTING.roles}}),
            Rule("write", where={"created_by": ACTING.id, "status": "draft"}),
            Rule("create", where={"$or": [{"region": {"$in": ACTING.roles}}, {"region": "free"}]}),
        ]


class Person(CoreDocument):
    """Somebody with a salary that only some see, and a grade that only some change."""

    name: str
    salary: int = 0
    bonus: Decimal | None = None
    grade: str = "a"
    tags: list[str] = Field(default_factory=list)
    history: list[dict[str, Any]] = Field(default_factory=list)
    desk: Link["models.Desk"] | None = None
    orders: list[BackLink["Order"]] = Field(default_factory=list, json_schema_extra={"original_field": "person"})

    class Settings:
        """The permissions."""

        field_permissions = {  # noqa: RUF012 - as modules write it
            "salary": "office.salary",
            "bonus": ("office.salary", "office.bonus"),
            "grade": (None, "office.grade"),
            "history": "office.salary",
        }


class Desk(CoreDocument):
    """Something to start a pipeline from."""

    name: str
    person: Link["models.Person"] | None = None
    people: list[Link["models.Person"]] = Field(default_factory=list)
    order: Link["models.Order"] | None = None
    orders: list[Link["models.Order"]] = Field(default_factory=list)


class Memo(OwnedDocument):
    """A document with an owner, which others read when it is shared."""

    text: str = ""
    shared: bool = False

    class Settings:
        """One rule more than that of the owner."""

        rules = [Rule("read", where={"shared": True})]  # noqa: RUF012 - as modules write it


class Poster(CoreDocument):
    """A document that visitors see when it hangs."""

    text: str = ""
    hangs: bool = False

    class Settings:
        """What hangs is for everybody, what does not for the staff."""

        rules = [Rule("read", where={"hangs": True}, visitors=True), Rule("read", "write")]  # noqa: RUF012


MODELS = (Order, Person, Desk, Memo, Poster)

NORTH = Principal(uuid4(), "nora", role_names=("north",))
SOUTH = Principal(uuid4(), "saul", role_names=("south", "east"))
CLERK = Principal(uuid4(), "clerk", grants=frozenset({"office.all"}))
BOSS = Principal(uuid4(), "boss", grants=frozenset({"office.*"}))
PAYER = Principal(uuid4(), "payer", grants=frozenset({"office.salary"}))
ROOT = Principal(uuid4(), "root", is_superuser=True)
VISITOR = ANONYMOUS
PEOPLE = (NORTH, SOUTH, CLERK, BOSS, PAYER, ROOT)


def infos() -> list[ModelInfo]:
    """Return the entries of all models."""
    return describe("office", *MODELS)


@contextmanager
def acting(user: Principal) -> Iterator[None]:
    """Act as `user`."""
    with acting_as(user):
        yield


@pytest_asyncio.fixture
async def office(mongo: Connection) -> GuardedDatabase:
    """Return the guarded database of the office; nobody acts yet."""
    traits = await read_traits(mongo.client)
    database = GuardedDatabase(mongo.raw, traits)
    models = infos()
    for info in models:
        resolve_links(info, {"models": link_namespace(models)["office"]}, globals())
    await initialize_models(database, models, major_version=traits.major_version)
    return database
