"""Handlers that are declared with `@subscribe`."""

from types import ModuleType

import pytest

from webos.events import EventEnvelope, InvalidTopicError, collect_subscriptions, subscribe


class Base:
    """A service with handlers."""

    @subscribe("users:created")
    async def welcome(self, event: EventEnvelope) -> None:
        """Is inherited."""

    @subscribe("users:deleted")
    async def forget(self, event: EventEnvelope) -> None:
        """Is overridden without the mark."""

    @property
    def costly(self) -> None:
        """Must not run while handlers are collected."""
        pytest.fail("a property was evaluated")


class Service(Base):
    """A service that changes what it inherits."""

    async def forget(self, event: EventEnvelope) -> None:
        """No handler any more."""

    @subscribe("orders:*")
    @subscribe("*:paid")
    def book(self, event: EventEnvelope) -> None:
        """Handles two patterns."""


def test_collects_bound_methods() -> None:
    """Marked methods of an object are collected with inheritance, once for each pattern, bound to the object."""
    service = Service()
    found = collect_subscriptions(service)
    assert found == [("users:created", service.welcome), ("orders:*", service.book), ("*:paid", service.book)]


def test_collects_own_functions_of_a_module() -> None:
    """Marked functions that a module imports from elsewhere belong to the other module."""
    module = ModuleType("shop.events")
    exec(  # noqa: S102 - a module as its author writes it
        "from webos.events import subscribe\n"
        "@subscribe('product:restocked')\nasync def record(event): ...\n"
        "async def unmarked(event): ...\n",
        module.__dict__,
    )

    @subscribe("users:created")
    async def foreign(event: EventEnvelope) -> None: ...

    module.__dict__["foreign"] = foreign
    assert [topic for topic, _ in collect_subscriptions(module)] == ["product:restocked"]


def test_refuses_a_wrong_pattern_where_it_is_written() -> None:
    """A misspelt pattern fails when the module is imported."""
    with pytest.raises(InvalidTopicError):
        subscribe("created")
