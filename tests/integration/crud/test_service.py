"""Services of one model: events, revisions, moves between states, transactions."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from tests.integration.crud.desk import ANNA, BERT, READER, Desk, Order, OrderUpdate, Part, Status
from webos.kernel.context import acting_as
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError, PermissionDeniedError
from webos.sdk import CrudService, IllegalMoveError, ListPage, StateMachine


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.01)


async def test_each_change_tells_the_bus(desk: Desk) -> None:
    """Creating, changing, moving, deleting and restoring emit an event each, with id, revision and changed fields."""
    with acting_as(ANNA):
        order = await desk.orders.create({"number": "1"})
        await desk.orders.update(order.id, {"note": "x", "quantity": 1})
        await desk.orders.update(order.id, {"note": "x"})
        await desk.orders.update(order.id, OrderUpdate(status=Status.CANCELLED))
        await desk.orders.delete(order.id)
        await desk.orders.restore(order.id)
        await until(lambda: len(desk.told) >= 6)

    told = [(each.topic, each.payload["revision"], each.payload.get("fields")) for each in desk.told]
    assert told == [
        ("order:created", 1, None),
        ("order:updated", 2, ["note"]),
        ("order:updated", 3, ["status"]),
        ("order:called_off", 3, None),
        ("order:deleted", 4, None),
        ("order:restored", 5, None),
    ]
    assert {each.payload["id"] for each in desk.told} == {str(order.id)}


async def test_a_change_leaves_what_it_does_not_name(desk: Desk) -> None:
    """Only what is set in a change is changed, beside others who change other fields."""
    with acting_as(ANNA):
        order = await desk.orders.create({"number": "1", "note": "keep", "quantity": 5})
        changes = [desk.orders.update(order.id, {"quantity": n}) for n in (6, 7)]
        await asyncio.gather(*changes, desk.orders.update(order.id, {"note": "new"}))
        found = await desk.orders.get(str(order.id))

    assert (found.note, found.number) == ("new", "1")
    assert found.quantity in {6, 7}
    assert found.revision == 4


async def test_a_revision_makes_a_change_exclusive(desk: Desk) -> None:
    """Of several changes that are based on the same revision one is done, even where they touch different fields."""
    with acting_as(ANNA):
        order = await desk.orders.create({"number": "1"})
        changes = [desk.orders.update(order.id, {"quantity": n + 10}, revision=1) for n in range(4)]
        changes += [desk.orders.update(order.id, {"note": str(n)}, revision=1) for n in range(4)]
        done = await asyncio.gather(*changes, return_exceptions=True)

    assert sorted(type(each).__name__ for each in done) == ["ConflictError"] * 7 + ["Order"]


async def test_of_several_moves_at_once_one_wins(desk: Desk) -> None:
    """When many approve the same order at the same time one succeeds; the others learn what state it has."""
    with acting_as(ANNA):
        order = await desk.orders.create({"number": "1"})
        await desk.orders.move(order, Status.PENDING)
        copies = [await desk.orders.get(order.id) for _ in range(8)]
        done = await asyncio.gather(
            *(desk.orders.move(each, Status.APPROVED) for each in copies[:6]),
            *(desk.orders.move(each, Status.CANCELLED) for each in copies[6:]),
            return_exceptions=True,
        )
        stored = await desk.orders.get(order.id)

    winners = [each for each in done if isinstance(each, Order)]
    assert len(winners) == 1
    assert {type(each) for each in done} == {Order, IllegalMoveError}
    assert winners[0].status is stored.status
    assert stored.revision == 3
    await until(lambda: len(desk.told) >= 3)
    assert len([each for each in desk.told if each.topic in {"order:approved", "order:called_off"}]) == 1


async def test_a_move_keeps_what_others_changed_and_stores_what_this_one_did(desk: Desk) -> None:
    """A move goes beside a change of another field, and brings along what else was changed of the document."""
    with acting_as(ANNA):
        order = await desk.orders.create({"number": "1"})
        await desk.orders.update(order.id, {"quantity": 9})
        await desk.orders.move(order, Status.PENDING)
        assert (order.quantity, order.status) == (9, Status.PENDING)
        order.note = "urgent"
        await desk.orders.move(order, Status.APPROVED)
        stored = await desk.orders.get(order.id)
        assert (stored.note, stored.status, stored.quantity) == ("urgent", Status.APPROVED, 9)
        stored.note = "mine"
        await desk.orders.update(order.id, {"note": "theirs"})
        with pytest.raises(IllegalMoveError, match="from approved it cannot go to draft; that is a final state"):
            await desk.orders.move(stored, Status.DRAFT)
        assert stored.status is Status.APPROVED


async def test_who_may_not_is_told_so(desk: Desk) -> None:
    """Without the permission nothing is written; the missing and the hidden are the same."""
    with acting_as(ANNA):
        order = await desk.orders.create({"number": "1"})
    with acting_as(READER):
        assert (await desk.orders.get(order.id)).number == "1"
        for attempt in (
            desk.orders.create({"number": "2"}),
            desk.orders.update(order.id, {"note": "x"}),
            desk.orders.delete(order.id),
            desk.orders.restore(order.id),
        ):
            with pytest.raises(PermissionDeniedError):
                await attempt
    with acting_as(BERT):
        for identity in ("x", "", None, 7, {"$gt": ""}):
            with pytest.raises(NotFoundError):
                await desk.orders.get(identity)
            with pytest.raises(NotFoundError):
                await desk.orders.delete(identity)


async def test_a_taken_value_comes_back_on_restoring(desk: Desk) -> None:
    """A deleted document whose unique value is in use by now is not restored."""
    with acting_as(ANNA):
        first = await desk.orders.create({"number": "1"})
        await desk.orders.delete(first.id)
        await desk.orders.create({"number": "1"})
        with pytest.raises(ConflictError):
            await desk.orders.restore(first.id)


async def test_a_transaction_is_repeated_until_it_succeeds(desk: Desk) -> None:
    """A transaction that another one stands in the way of is run again; what it stored before is not there twice."""
    tries: list[int] = []
    with acting_as(ANNA):
        order = await desk.orders.create({"number": "0"})

        async def work(session: AsyncClientSession) -> str:
            tries.append(1)
            made = await desk.orders.document(number=f"T-{len(tries)}").insert(session=session)
            if len(tries) < 3:
                conflict = "write conflict"
                raise OperationFailure(conflict, 112, {"errorLabels": ["TransientTransactionError"]})
            await desk.orders.document.find_one({"_id": order.id}, session=session).update(
                {"$set": {"note": "in it"}}, session=session
            )
            return str(made.id)

        identity = await desk.orders.run_in_transaction(work)
        assert (await desk.orders.get(identity)).number == "T-3"
        assert (await desk.orders.get(order.id)).note == "in it"
        page = await desk.orders.list()
        assert isinstance(page, ListPage)
        assert len(page.items) == 2


async def test_a_transaction_that_fails_leaves_nothing(desk: Desk) -> None:
    """What raises something else in a transaction is not repeated, and all of it is taken back."""
    tries: list[int] = []

    async def work(session: AsyncClientSession) -> None:
        tries.append(1)
        await Order(number="gone").insert(session=session)
        raise ZeroDivisionError

    with acting_as(ANNA):
        with pytest.raises(ZeroDivisionError):
            await desk.orders.run_in_transaction(work)
        assert (await desk.orders.list()).items == []
    assert tries == [1]


async def test_a_list_names_what_is_wrong(desk: Desk) -> None:
    """In code as well an unknown filter or sort is wrong input with its field."""
    with acting_as(ANNA):
        for filter_, sort, field in (
            ({"colour": 1}, None, "colour"),
            ({}, "colour", "sort"),
            ({"quantity": "x"}, None, "quantity"),
        ):
            with pytest.raises(InvalidInputError) as refused:
                await desk.orders.list(filter_, sort=sort)
            assert list(refused.value.fields) == [field]


def test_what_is_declared_wrong_is_found_at_once() -> None:
    """A move between things that are no states, and a service without a document class, show where they are declared."""
    with pytest.raises(ValueError, match="no Status"):
        StateMachine(Status, {Status.DRAFT: ["approved"]})
    machine = StateMachine(Status, {Status.DRAFT: [Status.PENDING]})
    assert machine.topic("order", Status.PENDING) == "order:pending"
    assert list(machine.following(Status.PENDING)) == []

    class Base(CrudService[Any]):
        """A base of a module's own."""

        __abstract__ = True

    class Parts(Base):
        """A service by attribute."""

        document = Part

    assert Parts.name == "part"
    assert "code" not in Parts.read_schema.model_fields
