"""Applications with durable events on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.events import EventBus, EventService
from webos.kernel.context import Principal, User
from webos.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from pymongo.asynchronous.client_session import AsyncClientSession


@dataclass
class App:
    """What durable events need of an application."""

    connection: Connection
    changes: ChangeHub
    events: EventService

    @property
    def bus(self) -> EventBus:
        """The bus."""
        return self.events.bus

    @asynccontextmanager
    async def transaction(self) -> "AsyncIterator[AsyncClientSession]":
        """Run the block in a transaction, as services do."""
        async with self.connection.client.start_session() as session, await session.start_transaction():
            yield session

    async def emit(self, topic: str, payload: dict[str, Any] | None = None) -> str:
        """Emit an event in a transaction of its own and return its id."""
        async with self.transaction() as session:
            return (await self.bus.emit(topic, payload, source="orders", session=session)).id

    async def run(self, *modules: str) -> None:
        """Begin to deliver, with modules that run."""
        await self.changes.start()
        await self.bus.start()
        await self.events.start({module: Path(__file__).parent / module for module in modules})

    async def stop(self) -> None:
        """Stop everything; may be called twice."""
        await self.events.stop(0.2)
        await self.bus.stop(0.2)
        await self.changes.stop()


@pytest.fixture
def users() -> dict[UUID, Principal]:
    """Return the users that exist: Anna, and Root, who may everything."""
    everyone = (
        Principal(id=uuid4(), username="anna", grants=frozenset({"shop.*"})),
        Principal(id=uuid4(), username="root", is_superuser=True),
    )
    return {user.id: user for user in everyone}


@pytest.fixture
def anna(users: dict[UUID, Principal]) -> Principal:
    return next(user for user in users.values() if user.username == "anna")


@pytest.fixture
def root(users: dict[UUID, Principal]) -> Principal:
    return next(user for user in users.values() if user.username == "root")


@pytest_asyncio.fixture
async def make_app(mongo: Connection, users: dict[UUID, Principal]) -> AsyncIterator[Callable[..., Awaitable[App]]]:
    """Yield a function that makes an application on the test's database; all are stopped afterwards."""
    apps: list[App] = []

    async def load_user(user_id: UUID) -> User:
        if user_id not in users:
            msg = f"there is no user {user_id}"
            raise NotFoundError(msg, user_message="The user no longer exists.")
        return users[user_id]

    async def make(*, lease: float = 2.0, connection: Connection | None = None) -> App:
        database = connection or mongo
        changes = ChangeHub(database.raw)
        app = App(database, changes, EventService(database.raw, changes, load_user, lease=lease))
        apps.append(app)
        await app.events.prepare()
        return app

    yield make
    for app in apps:
        await app.stop()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]:
    """Return a function that waits until a condition holds, and fails after 30 seconds."""

    async def wait(condition: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + 30
        while not await condition():
            assert time.monotonic() < deadline, "the condition was not met in time"
            await asyncio.sleep(0.02)

    return wait
