"""Who acts and under which trace."""

import asyncio
import contextvars
import re
from contextlib import nullcontext
from dataclasses import FrozenInstanceError
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.kernel.context import (
    ANONYMOUS,
    SYSTEM,
    AppContext,
    Principal,
    PrincipalKind,
    acting_as,
    ctx_trace_id,
    ctx_user,
    current_trace_id,
    current_user,
    demand,
    new_trace_id,
    signed_in_user,
)
from webos.kernel.errors import NotSignedInError, PermissionDeniedError
from webos.kernel.registry import ServiceRegistry

ANNA = Principal(id=uuid4(), username="anna", grants=frozenset({"shop.*"}), role_names=("clerk",))
BERT = Principal(id=uuid4(), username="bert")


def _state() -> tuple[object, str]:
    return ctx_user.get(None), current_trace_id()


def test_outside_of_everything_there_is_nobody() -> None:
    """Without a user access fails closed, and there is no trace."""
    with pytest.raises(NotSignedInError):
        current_user()
    assert current_trace_id() == ""


def test_inside_the_block_the_user_acts() -> None:
    """The block has the user and a new trace; after it everything is as before."""
    with acting_as(ANNA):
        assert current_user() is ANNA
        assert re.fullmatch(r"[0-9a-f]{32}", current_trace_id())
    assert _state() == (None, "")


def test_an_inner_block_goes_on_with_the_trace() -> None:
    """What is done on behalf of another belongs to the trace that runs, unless one is named."""
    with acting_as(ANNA, "outer"):
        with acting_as(BERT):
            assert _state() == (BERT, "outer")
        with acting_as(SYSTEM, "own"):
            assert _state() == (SYSTEM, "own")
        assert _state() == (ANNA, "outer")


@given(st.recursive(st.booleans(), lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_any_nesting_restores(tree: object) -> None:
    """However blocks are nested and left, also by an exception, each finds afterwards what was before it."""

    def walk(node: object, depth: int) -> None:
        before = _state()
        user = Principal(id=uuid4(), username=f"user{depth}")
        leaves = pytest.raises(LookupError) if node is True else nullcontext()
        with leaves, acting_as(user, f"trace{depth}" if depth % 2 else None):
            assert current_user() is user
            for child in node if isinstance(node, list) else []:
                walk(child, depth + 1)
            assert current_user() is user
            if node is True:
                raise LookupError
        assert _state() == before

    walk(tree, 0)
    assert _state() == (None, "")


async def test_tasks_side_by_side_do_not_meet() -> None:
    """Two tasks that wait in turns each see their own user and trace."""
    seen: list[tuple[object, str]] = []
    turn = asyncio.Barrier(2)

    async def act(user: Principal, trace: str) -> None:
        with acting_as(user, trace):
            for _ in range(3):
                await turn.wait()
                seen.append((user, trace) if _state() == (user, trace) else (None, "mixed up"))

    async with asyncio.TaskGroup() as group:
        group.create_task(act(ANNA, "a"))
        group.create_task(act(BERT, "b"))
    assert sorted(trace for _, trace in seen) == ["a"] * 3 + ["b"] * 3
    assert _state() == (None, "")


async def test_a_copied_context_keeps_its_user() -> None:
    """A task started in a block, and a thread, go on as its user after the block ended; what they set stays there."""
    go_on = asyncio.Event()

    async def later() -> tuple[object, str]:
        await go_on.wait()
        ctx_trace_id.set("changed")
        return _state()

    with acting_as(ANNA, "one"):
        task = asyncio.create_task(later())
        in_thread = asyncio.create_task(asyncio.to_thread(_state))
        copied = contextvars.copy_context()
    go_on.set()
    assert await task == (ANNA, "changed")
    assert await in_thread == (ANNA, "one")
    assert copied.run(_state) == (ANNA, "one")
    assert _state() == (None, "")


def test_anonymous_visitors_are_not_signed_in() -> None:
    """A visitor is somebody, but nobody who signed in, and without grants."""
    with acting_as(ANONYMOUS):
        assert current_user() is ANONYMOUS
        assert not ANONYMOUS.is_authenticated
        with pytest.raises(NotSignedInError):
            signed_in_user()
        with pytest.raises(NotSignedInError):
            demand("shop.read")
    with acting_as(ANNA):
        assert signed_in_user() is ANNA


def test_demand_asks_for_the_permission() -> None:
    """Who holds the permission is returned; who lacks it reads which one it is."""
    with acting_as(ANNA):
        assert demand("shop.read") is ANNA
    with acting_as(BERT), pytest.raises(PermissionDeniedError, match=r"bert lacks shop\.read") as caught:
        demand("shop.read")
    assert caught.value.user_message == "You need the permission “shop.read” to do this."
    with pytest.raises(NotSignedInError):
        demand("shop.read")


def test_the_system_may_do_everything() -> None:
    """The system is signed in, holds every permission and differs from the visitor."""
    assert SYSTEM.is_authenticated
    assert SYSTEM.has_permission("anything.at_all")
    assert SYSTEM.id != ANONYMOUS.id
    assert SYSTEM.kind is PrincipalKind.SYSTEM


def test_a_principal_cannot_be_changed() -> None:
    """Neither an assignment nor a change to what it hands out gives more rights."""
    with pytest.raises(FrozenInstanceError):
        BERT.is_superuser = True  # type: ignore[misc]  # that it is refused is what is tested
    BERT.permissions.add("*")
    BERT.roles.append("admin")
    assert BERT.permissions == set()
    assert BERT.roles == []
    assert not BERT.has_permission("shop.read")


def test_trace_ids_differ() -> None:
    """A thousand new trace ids are a thousand different ones of 32 digits."""
    traces = {new_trace_id() for _ in range(1000)}
    assert len(traces) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{32}", trace) for trace in traces)


def test_app_context_hands_over_the_parts() -> None:
    """The context of a hook has user, request, session and services, and cannot be changed."""
    services = ServiceRegistry()
    context = AppContext(ANNA, "trace", "session", services)
    assert (context.user, context.request_id, context.session_id) == (ANNA, "trace", "session")
    assert context.services is services
    with pytest.raises(FrozenInstanceError):
        context.user = BERT  # type: ignore[misc]  # that it is refused is what is tested
