"""Security cases 21 and 25: what an API key begins acts within its scopes, also later and elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest
import pytest_asyncio

from tests.integration.auth.site import Site
from webos.auth import ApiKey
from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.events import EventEnvelope, EventService
from webos.kernel.actor import load_again
from webos.kernel.context import ANONYMOUS, SYSTEM, acting_as, current_user
from webos.kernel.errors import NotSignedInError, WebOSError
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.tasks import BaseTask, TaskService, TaskState

Who = tuple[str, bool, bool]


def who() -> Who:
    user = current_user()
    return user.username, user.has_permission("shop.read"), user.has_permission("shop.write")


class TellWho(BaseTask):
    """Tells as whom it runs."""

    async def run(self, *_former: object) -> list[object]:
        """Return name and permissions."""
        return list(who())


@dataclass
class Works:
    """Tasks and events on the accounts of a site."""

    site: Site
    tasks: TaskService
    events: EventService
    connection: Connection
    heard: "asyncio.Queue[Who | Exception]" = field(default_factory=asyncio.Queue)

    async def key(self, *scopes: str, name: str = "root") -> tuple[str, ApiKey]:
        """Make a key of a user."""
        account = await self.site.auth.find_user(name)
        assert account is not None
        return await self.site.auth.keys.create(account.id, "test", scopes, days=1)


@pytest_asyncio.fixture
async def works(mongo: Connection, site: Site) -> AsyncIterator[Works]:
    """Yield running events and a task service whose worker is not started yet."""
    load = site.auth.load_user
    changes = ChangeHub(mongo.raw)
    events = EventService(mongo.raw, changes, load)
    tasks = TaskService(
        mongo, changes=changes, load_user=load, bus=events.bus, messenger=Messenger(), services=ServiceRegistry()
    )
    works = Works(site, tasks, events, mongo)

    async def hear(_: EventEnvelope) -> None:
        await works.heard.put(who())

    events.bus.subscribe("shop:sold", hear, owner="shop", durable=True)
    await changes.start()
    await events.prepare()
    await events.bus.start()
    await events.start({})
    await tasks.start()
    tasks.register("shop", TellWho)
    yield works
    await tasks.stop()
    await events.stop()
    await events.bus.stop()
    await changes.stop()


async def test_task_of_a_narrow_key_stays_narrow(works: Works) -> None:
    """A superuser's key for `shop.read` starts tasks, and chains, that may read and nothing else."""
    key, _ = await works.key("shop.read")
    sign_in = await works.site.auth.bearers.resolve(key, "10.0.0.1")
    assert sign_in is not None
    with acting_as(sign_in.principal):
        single, chain = await TellWho.kiq(), await TellWho.kiq().call(TellWho)
    await works.tasks.run_worker()
    with acting_as(sign_in.principal):
        assert (await single.wait(10)).result == ["root", True, False]
        assert (await chain.wait(10)).result == ["root", True, False]
    # The positive control: the same person, signed in.
    account = await works.site.auth.find_user("root")
    assert account is not None
    with acting_as(await works.site.auth.load_user(account.id)):
        assert (await (await TellWho.kiq()).wait(10)).result == ["root", True, True]


@pytest.mark.parametrize("end", ["revoke", "disable"])
async def test_task_of_a_revoked_key_is_denied(works: Works, end: str) -> None:
    """A key that was revoked, or whose owner was disabled, while its task waited: the task does not run."""
    key, made = await works.key("*", name="anna")
    sign_in = await works.site.auth.bearers.resolve(key, "10.0.0.1")
    assert sign_in is not None
    with acting_as(sign_in.principal):
        handle = await TellWho.kiq()
    if end == "revoke":
        await works.site.auth.keys.revoke(made.id)
    else:
        await works.site.auth.set_disabled(made.user_id, disabled=True)
    await works.tasks.run_worker()
    with acting_as(sign_in.principal):
        record = await handle.wait(10)
    assert record.state is TaskState.FAILED
    assert record.result is None


async def test_event_of_a_narrow_key_stays_narrow(works: Works) -> None:
    """Handlers of an event that a key caused act within its scopes, in this process and out of the outbox."""
    key, _ = await works.key("shop.read")
    sign_in = await works.site.auth.bearers.resolve(key, "10.0.0.1")
    assert sign_in is not None
    with acting_as(sign_in.principal):
        await works.events.bus.emit("shop:sold", {})
        async with asyncio.timeout(10):
            assert await works.heard.get() == ("root", True, False)

        async def sell(session: object) -> None:
            await works.events.bus.emit("shop:sold", {}, session=session)  # type: ignore[arg-type]  # the driver's

        async with works.connection.client.start_session() as session:
            await session.with_transaction(sell)
    async with asyncio.timeout(10):
        assert await works.heard.get() == ("root", True, False)


async def test_reading_the_owner_anew_widens_nothing(works: Works) -> None:
    """What loads its user again, as a long import does, gets him within the same key, or not at all."""
    key, made = await works.key("shop.read")
    sign_in = await works.site.auth.bearers.resolve(key, "10.0.0.1")
    assert sign_in is not None
    again = await load_again(works.site.auth.load_user, sign_in.principal)
    assert (again.is_superuser, again.permissions) == (False, {"shop.read"})
    await works.site.auth.keys.revoke(made.id)
    with pytest.raises(WebOSError) as refused:
        await load_again(works.site.auth.load_user, sign_in.principal)
    assert refused.value.code == "webos.auth.key_not_valid"


async def test_nobody_lends_his_key(works: Works) -> None:
    """The id of somebody else's key beside one's own id opens nothing."""
    _, made = await works.key("*")
    anna = await works.site.auth.find_user("anna")
    assert anna is not None
    with pytest.raises(WebOSError) as refused:
        await works.site.auth.load_user(anna.id, made.id)
    assert refused.value.code == "webos.auth.key_not_valid"


async def test_visitors_and_the_system_have_names(works: Works) -> None:
    """Anonymous visitors start no task; what the system starts runs as the system; both are known by their ids."""
    with acting_as(ANONYMOUS), pytest.raises(NotSignedInError):
        await TellWho.kiq()
    await works.tasks.run_worker()
    with acting_as(SYSTEM):
        assert (await (await TellWho.kiq()).wait(10)).result == ["system", True, True]
    for known in (ANONYMOUS, SYSTEM):
        assert await works.site.auth.load_user(known.id) is known
        with acting_as(known):
            await works.events.bus.emit("shop:sold", {})
        async with asyncio.timeout(10):
            assert await works.heard.get() == (known.username, known is SYSTEM, known is SYSTEM)


def test_reading_again_passes_the_key_on() -> None:
    """Loaders that know no keys go on working, and are not asked about any."""
    asked: list[tuple[object, ...]] = []

    async def load(*arguments: object) -> object:
        asked.append(arguments)
        return SYSTEM

    load_any: Callable[..., Awaitable[object]] = load
    asyncio.run(load_again(load_any, SYSTEM))  # type: ignore[arg-type]  # a loader of anything
    assert asked == [(UUID(str(SYSTEM.id)),)]
