"""As whom a task runs."""

import asyncio
import contextvars
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID

import pytest

from webos.data.audit.change_set import ChangeSet, change_set, current_change_set
from webos.events import EventEnvelope
from webos.kernel.context import SYSTEM, Principal, acting_as, ctx_user, current_trace_id, current_user
from webos.kernel.errors import InvalidInputError, ServiceNotFoundError
from webos.tasks import BaseTask, TaskState

STRAY: contextvars.ContextVar[str] = contextvars.ContextVar("stray", default="")


class WhoAmI(BaseTask):
    """Tells as whom it runs."""

    async def run(self, permission: str = "shop.read") -> dict[str, Any]:
        """Return who acts and under which trace."""
        user = current_user()
        self.notify.success("Operation complete")
        await self.bus.emit("task:ran", {"by": user.username})
        with pytest.raises(ServiceNotFoundError):
            self.service(int)
        return {
            "user": user.username,
            "trace": current_trace_id(),
            "stray": STRAY.get(),
            "allowed": user.has_permission(permission),
            "in_thread": await asyncio.to_thread(lambda: current_user().username),
        }


class Groups(BaseTask):
    """Tells to which change-set its changes belong; it fails once where that is wanted."""

    broken: ClassVar[set[str]] = set()

    async def run(self, before: list[list[str]], *, breaks: str = "") -> list[list[str]]:
        """Return what the task before has told, and the running change-set."""
        if breaks not in self.broken:
            self.broken.add(breaks)
            msg = "once more"
            raise InvalidInputError(msg)
        group = current_change_set()
        return [*before, [group.id, group.label]]


async def test_changes_of_a_task_belong_to_the_change_set_it_was_submitted_in(start_app: Any, anna: Principal) -> None:
    """One change-set holds what a block does itself and what its tasks do, in each step of a chain and after a resume."""
    app = await start_app()
    app.tasks.register("shop", Groups)
    Groups.broken = {""}
    with acting_as(anna, "a" * 32):
        with change_set("Prices up") as group:
            chain = await Groups.kiq([]).call(Groups).call(Groups)
            failing = await Groups.kiq([], breaks="once")
        alone = await Groups.kiq([])
        assert (await chain.wait(10)).result == [[group.id, "Prices up"]] * 3
        assert (await alone.wait(10)).result == [["a" * 32, ""]]
        assert (await failing.wait(10)).state is TaskState.FAILED
        await app.tasks.resume(failing.id)
        record = await failing.wait(10)
    assert record.result == [[group.id, "Prices up"]]
    assert (record.change_set, record.change_set_label) == (group.id, "Prices up")
    assert current_change_set() == ChangeSet(id="")


async def test_runs_as_the_submitter_under_his_trace(start_app: Any, anna: Principal, bert: Principal) -> None:
    """User and trace come with the message and from nowhere else: the worker was started in an empty context."""

    async def main() -> tuple[Any, list[Any]]:
        app = await start_app()
        app.tasks.register("shop", WhoAmI)
        records = []
        for user, trace in ((anna, "a" * 32), (bert, "b" * 32), (anna, "c" * 32)):
            with acting_as(user, trace):
                records.append(await (await WhoAmI.kiq()).wait(10))
        assert ctx_user.get(None) is None
        return app, records

    app, records = await asyncio.create_task(main(), context=contextvars.Context())
    assert [record.result for record in records] == [
        {"user": "anna", "trace": "a" * 32, "stray": "", "allowed": True, "in_thread": "anna"},
        {"user": "bert", "trace": "b" * 32, "stray": "", "allowed": False, "in_thread": "bert"},
        {"user": "anna", "trace": "c" * 32, "stray": "", "allowed": True, "in_thread": "anna"},
    ]
    assert [notification.user_id for notification in app.notifications] == [anna.id, bert.id, anna.id]


async def test_nothing_of_who_started_the_worker_reaches_a_task(start_app: Any, anna: Principal) -> None:
    """A worker that an administrator started runs a user's task as that user."""
    STRAY.set("of the administrator")
    with acting_as(SYSTEM, "0" * 32):
        app = await start_app()
    app.tasks.register("shop", WhoAmI)
    with acting_as(anna, "a" * 32):
        result = (await (await WhoAmI.kiq()).wait(10)).result
    assert (result["user"], result["trace"], result["stray"]) == ("anna", "a" * 32, "")


async def test_what_a_task_emits_carries_its_user(start_app: Any, anna: Principal) -> None:
    """Events of a task have its user, its trace and its module."""
    app = await start_app()
    app.tasks.register("shop", WhoAmI)
    seen: list[EventEnvelope] = []
    app.bus.subscribe("task:*", seen.append)
    with acting_as(anna, "a" * 32):
        await (await WhoAmI.kiq()).wait(10)
    assert await app.bus.drain(5)
    assert [(event.user_id, event.trace_id, event.source) for event in seen] == [(anna.id, "a" * 32, "shop")]


async def test_permissions_are_those_of_now(start_app: Any, anna: Principal, users: dict[UUID, Principal]) -> None:
    """A permission that was taken away after the task was submitted is gone when it runs."""
    app = await start_app(worker=False)
    app.tasks.register("shop", WhoAmI)
    with acting_as(anna):
        handle = await WhoAmI.kiq()
        users[anna.id] = replace(anna, grants=frozenset())
        await app.tasks.run_worker()
        assert (await handle.wait(10)).result["allowed"] is False


async def test_the_task_of_a_user_who_is_gone_fails(
    start_app: Any, anna: Principal, users: dict[UUID, Principal]
) -> None:
    """A task does not run as somebody who does not exist any more, nor as anybody else."""
    app = await start_app(worker=False)
    app.tasks.register("shop", WhoAmI)
    with acting_as(anna):
        handle = await WhoAmI.kiq()
        del users[anna.id]
        await app.tasks.run_worker()
        record = await handle.wait(10)
    assert (record.state, record.error) == (TaskState.FAILED, "The user no longer exists.")


async def test_the_system_may_submit(start_app: Any) -> None:
    """A task of the system runs as the system, which no user loader knows."""
    app = await start_app()
    app.tasks.register("shop", WhoAmI)
    with acting_as(SYSTEM):
        assert (await (await WhoAmI.kiq()).wait(10)).result["user"] == "system"
