"""Payloads that modules declare are what everybody emits."""

from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from webos.events import (
    EventBus,
    EventEnvelope,
    InvalidPayloadError,
    InvalidTopicError,
    ModuleBus,
    collect_payloads,
    emits,
)
from webos.kernel.errors import ConfigurationError


@emits("order:approved")
@emits("order:reopened")
class OrderChanged(BaseModel):
    """What an order event carries."""

    number: str
    quantity: int = 1


class Inner(OrderChanged):
    """Inherits, but declares nothing."""


async def emitted(bus: EventBus, payload: Any) -> dict[str, Any]:
    return (await ModuleBus(bus, "shop").emit("order:approved", payload)).payload


async def test_a_declared_payload_is_filled_in_and_checked() -> None:
    """Defaults are sent, a model is taken as well as a dictionary, and what does not fit is refused field by field."""
    bus = EventBus()
    bus.declare("order:approved", OrderChanged, "orders")
    assert await emitted(bus, {"number": "A1"}) == {"number": "A1", "quantity": 1}
    assert await emitted(bus, OrderChanged(number="A1", quantity=3)) == {"number": "A1", "quantity": 3}
    assert await emitted(bus, Inner(number="A1")) == {"number": "A1", "quantity": 1}
    with pytest.raises(
        InvalidPayloadError, match="order:approved carries OrderChanged, as orders has declared"
    ) as caught:
        await emitted(bus, {"quantity": "many"})
    assert set(caught.value.fields) == {"number", "quantity"}
    with pytest.raises(InvalidPayloadError):
        await emitted(bus, None)


async def test_other_payloads_are_free() -> None:
    """A topic that nobody has declared carries what it is given, also a model as plain values."""
    bus = EventBus()
    assert await emitted(bus, {"anything": 1}) == {"anything": 1}
    assert await emitted(bus, OrderChanged(number="A1")) == {"number": "A1", "quantity": 1}
    assert await emitted(bus, None) == {}


async def test_one_module_declares_a_topic() -> None:
    """A second declaration by another module is refused; once the first is withdrawn, it is free."""
    bus = EventBus()
    bus.declare("order:approved", OrderChanged, "orders")
    bus.declare("order:approved", OrderChanged, "orders")
    with pytest.raises(ConfigurationError, match="declared by orders already, as OrderChanged"):
        bus.declare("order:approved", OrderChanged, "billing")
    bus.unsubscribe_owner("orders")
    assert await emitted(bus, {"anything": 1}) == {"anything": 1}
    bus.declare("order:approved", OrderChanged, "billing")


async def test_a_declaration_after_the_first_event_counts() -> None:
    """What is declared later holds for every event after that."""
    bus = EventBus()
    assert await emitted(bus, {"anything": 1}) == {"anything": 1}
    bus.declare("order:approved", OrderChanged, "orders")
    with pytest.raises(InvalidPayloadError):
        await emitted(bus, {"anything": 1})


def test_declarations_are_found_in_their_own_module() -> None:
    """Each `@emits` of a Python module is found, an inherited or an imported one is not."""
    part = ModuleType(__name__)
    part.__dict__.update(OrderChanged=OrderChanged, Inner=Inner, EventEnvelope=EventEnvelope)
    assert collect_payloads(part) == [("order:reopened", OrderChanged), ("order:approved", OrderChanged)]
    assert collect_payloads(ModuleType("another")) == []
    with pytest.raises(InvalidTopicError):
        emits("order")
