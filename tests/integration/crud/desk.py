"""A module with orders and parts, its services and its routes, in this process, for several users."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
from beanie import Indexed, Link
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Receive, Scope, Send

from webos.auth import require_user
from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import link_namespace, resolve_links
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.secret import Keyring, Secret
from webos.data.secret.key_file import new_key
from webos.data.server_traits import read_traits
from webos.data.table import TableService
from webos.events import EventBus, EventEnvelope
from webos.kernel.context import ANONYMOUS, Principal, User, acting_as
from webos.kernel.loader import ModuleSet
from webos.kernel.manifest import ModuleManifest
from webos.kernel.messenger import Messenger
from webos.kernel.module import Module
from webos.kernel.registry import ServiceRegistry
from webos.sdk import CrudService, StateMachine, crud_router, rest_router
from webos.sdk.service import ServiceWiring, ServiceWirings
from webos.server.problems import install_problem_handlers

ANNA = Principal(uuid4(), "anna", grants=frozenset({"desk.*"}))
BERT = Principal(uuid4(), "bert", grants=frozenset({"desk.*"}))
WRITER = Principal(uuid4(), "writer", grants=frozenset({"desk.read", "desk.write"}))
READER = Principal(uuid4(), "reader", grants=frozenset({"desk.read"}))
STRANGER = Principal(uuid4(), "stranger")
USERS = {user.username: user for user in (ANNA, BERT, WRITER, READER, STRANGER, ANONYMOUS)}


class Status(Enum):
    """The states of an order."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    CANCELLED = "cancelled"


class Address(BaseModel):
    """Something inside of a document."""

    street: str
    zip: str = ""


class Part(CoreDocument):
    """A document with a field of every kind."""

    sku: Annotated[str, Indexed(unique=True)] = Field(min_length=1, max_length=40)
    name: str | None = None
    stock: int = Field(default=0, ge=0)
    weight: float | None = None
    price: Decimal | None = None
    active: bool = True
    day: date | None = None
    seen_at: datetime | None = None
    tags: list[str] = Field(default_factory=list)
    extra: dict[str, Any] = Field(default_factory=dict)
    address: Address | None = None
    token: UUID | None = None
    code: Secret | None = None
    older: str = Field(default="", alias="old_name")
    fixed: str = Field(default="x", frozen=True)

    model_config = ConfigDict(populate_by_name=True)


class Order(CoreDocument):
    """A document with states and links."""

    number: Annotated[str, Indexed(unique=True)]
    part: Link["Part"] | None = None
    parts: list[Link["Part"]] = Field(default_factory=list)
    quantity: int = 1
    note: str = ""
    status: Status = Status.DRAFT


class OrderUpdate(BaseModel):
    """The module's own schema, found by its name."""

    quantity: int | None = None
    note: str = ""
    status: Status = Status.DRAFT
    part: str | None = None


class Diary(OwnedDocument):
    """A document that only its author sees."""

    title: str


class Ticket(CoreDocument):
    """A document whose ids are not ObjectIds."""

    id: UUID = Field(default_factory=uuid4)  # type: ignore[assignment]  # as Beanie wants it
    title: str = ""

    class Settings:
        """The order nobody has asked for."""

        sort = "title"


class OrderService(CrudService[Order]):
    """The service of orders."""

    transitions = StateMachine(
        Status,
        {
            Status.DRAFT: [Status.PENDING, Status.CANCELLED],
            Status.PENDING: [Status.APPROVED, Status.CANCELLED],
        },
        topics={Status.CANCELLED: "order:called_off"},
    )


class DiaryService(CrudService[Diary]):
    """The service of diaries."""


MODELS = (Part, Order, Diary, Ticket)


@dataclass(repr=False)
class Desk:
    """The parts of the application that the services stand on."""

    connection: Connection
    database: GuardedDatabase
    models: ModelRegistry
    tables: TableService
    bus: EventBus
    services: ServiceRegistry
    web: FastAPI
    told: list[EventEnvelope] = field(default_factory=list)

    @property
    def orders(self) -> OrderService:
        """The service of orders."""
        return self.services.get(OrderService)

    def client(self, user: str = "anna", **options: Any) -> httpx.AsyncClient:
        """Return a client of the routes that a user has signed in with."""
        transport = httpx.ASGITransport(_Acting(self.web), raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url="http://desk/api/desk", headers={"x-user": user}, timeout=60, **options
        )


class _Acting:
    """Lets the user act whom a header names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        with acting_as(USERS[headers.get(b"x-user", b"anonymous").decode()]):
            await self._app(scope, receive, send)


@asynccontextmanager
async def open_desk(connection: Connection, *, models: tuple[type[CoreDocument], ...] = MODELS) -> AsyncIterator[Desk]:
    """Yield a desk on a database."""
    traits = await read_traits(connection.client)
    database = GuardedDatabase(connection.raw, traits, Keyring(dict([new_key()])))
    registry = ModelRegistry()
    infos = [ModelInfo(f"desk.{each.__name__}", "desk", each, "desk.read", "desk.write") for each in models]
    for info in infos:
        registry.add(info)
        resolve_links(info, link_namespace(infos), globals())
    await initialize_models(database, infos, major_version=traits.major_version)
    changes = ChangeHub(connection.raw)
    await changes.start()
    tables = TableService(registry, database, changes)
    bus = EventBus(_load_user)
    services = ServiceRegistry()
    permissions = {f"desk.{action}": action for action in ("read", "write", "restore")}
    manifest = ModuleManifest(name="desk", permissions=permissions)
    module = Module("desk", Path(), "desk", manifest)
    wirings = ServiceWirings()
    wiring = ServiceWiring("desk", services, bus, Messenger(), connection.client)
    wirings.add(wiring)
    for name, part in (("models", registry), ("tables", tables), ("modules", ModuleSet([module])), ("w", wirings)):
        services.register(name, part)
    for kind in (OrderService, DiaryService):
        services.register(f"desk.{kind.__name__}", kind(wiring))
    web = FastAPI()
    web.state.services = services
    install_problem_handlers(web)
    for router in (crud_router(OrderService), rest_router(Part), crud_router(DiaryService), rest_router(Ticket)):
        web.include_router(router, prefix="/api/desk", dependencies=[Depends(require_user)])
    desk = Desk(connection, database, registry, tables, bus, services, web)

    async def note(envelope: EventEnvelope) -> None:
        desk.told.append(envelope)

    bus.subscribe("*", note, owner="test")
    await bus.start()
    yield desk
    await bus.stop()
    await tables.close()
    await changes.stop()


async def _load_user(identity: UUID) -> User:
    return next(user for user in USERS.values() if user.id == identity)


Setup = Callable[[Desk], Any]
