"""Applications with background tasks on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.events import EventBus
from webos.kernel.context import Principal, User
from webos.kernel.errors import NotFoundError
from webos.kernel.messenger import Messenger, Notification
from webos.kernel.registry import ServiceRegistry
from webos.tasks import TaskService


@dataclass
class App:
    """What tasks need of an application."""

    connection: Connection
    changes: ChangeHub
    bus: EventBus
    tasks: TaskService
    notifications: list[Notification] = field(default_factory=list)

    async def stop(self) -> None:
        """Stop everything; may be called twice."""
        await self.tasks.stop()
        await self.changes.stop()
        await self.bus.stop(1)


StartApp = Callable[..., Awaitable[App]]


@pytest.fixture
def users() -> dict[UUID, Principal]:
    """Return the users that exist: Anna and Bert, and Root, who may everything."""
    everyone = (
        Principal(id=uuid4(), username="anna", grants=frozenset({"shop.*"})),
        Principal(id=uuid4(), username="bert"),
        Principal(id=uuid4(), username="root", is_superuser=True),
    )
    return {user.id: user for user in everyone}


def _named(users: dict[UUID, Principal], name: str) -> Principal:
    return next(user for user in users.values() if user.username == name)


@pytest.fixture
def anna(users: dict[UUID, Principal]) -> Principal:
    return _named(users, "anna")


@pytest.fixture
def bert(users: dict[UUID, Principal]) -> Principal:
    return _named(users, "bert")


@pytest.fixture
def root(users: dict[UUID, Principal]) -> Principal:
    return _named(users, "root")


@pytest_asyncio.fixture
async def start_app(mongo: Connection, users: dict[UUID, Principal]) -> AsyncIterator[StartApp]:
    """Yield a function that starts an application on the test's database; all are stopped afterwards."""
    apps: list[App] = []

    async def load_user(user_id: UUID) -> User:
        if user_id not in users:
            msg = f"there is no user {user_id}"
            raise NotFoundError(msg, user_message="The user no longer exists.")
        return users[user_id]

    async def start(*, slots: int = 20, worker: bool = True, connection: Connection | None = None) -> App:
        database = connection or mongo
        changes, bus, messenger = ChangeHub(database.raw), EventBus(load_user), Messenger()
        tasks = TaskService(
            database,
            changes=changes,
            load_user=load_user,
            bus=bus,
            messenger=messenger,
            services=ServiceRegistry(),
            slots=slots,
        )
        app = App(database, changes, bus, tasks)
        messenger.attach(app.notifications.append)
        apps.append(app)
        await tasks.start()
        await changes.start()
        await bus.start()
        if worker:
            await tasks.run_worker()
        return app

    yield start
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
