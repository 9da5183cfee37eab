"""A tripwire on the wire: a test that uses it fails if a command reads a guarded collection without the guard's rules.

It sees what the driver really sends, so it also finds ways to the data that nobody thought of. Tests that look at the
stored documents on purpose do it inside `paused()`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest
from pymongo import monitoring

from webos.data.audit.applied import READING
from webos.data.guard import GuardedDatabase
from webos.data.policy import CollectionPolicy

__all__ = ["Tripwire", "tripwire"]

Stage = Mapping[str, Any]


class Tripwire:
    """Collects the commands that go round the guard.

    Attributes:
        guarded: Names of the guarded collections.
        trips: What was wrong, one line each.
        seen: Number of commands on guarded collections that were looked at.
        filters: Every filter that was sent, with its collection.
    """

    def __init__(self) -> None:
        self.guarded: set[str] = set()
        self.trips: list[str] = []
        self.seen = 0
        self.filters: list[tuple[str, Mapping[str, Any]]] = []
        self._paused = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Look away for the block."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def watch(self, name: str, command: Mapping[str, Any]) -> None:
        """Look at one command.

        Args:
            name: Name of the command.
            command: Its document.
        """
        collection = command.get(name)
        if self._paused or not isinstance(collection, str) or collection not in self.guarded:
            return
        # What the record of changes and the ways of deleted documents read under rules of their own.
        if command.get("comment") == READING:
            return
        self.seen += 1
        for condition in _conditions(name, command):
            self.filters.append((collection, condition))
            self._demand(name, collection, condition)
        self._look_into(name, command.get("pipeline", ()))

    def _look_into(self, where: str, stages: Sequence[Stage]) -> None:
        """Look at what a pipeline reads of other collections, at every depth."""
        for position, stage in enumerate(stages):
            name, body = next(iter(stage.items()))
            if name == "$facet":
                for inner in body.values():
                    self._look_into(where, inner)
            target = body.get("from", body.get("coll")) if isinstance(body, Mapping) else None
            if name == "$graphLookup" and target in self.guarded:
                self._demand(name, target, body.get("restrictSearchWithMatch", {}))
            elif name == "$lookup" and target in self.guarded and "pipeline" not in body:
                if not _is_filtered(body["as"], stages[position + 1 : position + 2]):
                    self.trips.append(f"$lookup of {target} without rules")
            elif name in {"$lookup", "$unionWith"} and target in self.guarded:
                inner = body.get("pipeline", ())
                self._demand(name, target, inner[0].get("$match", {}) if inner else {})
                self._look_into(name, inner)
            elif name == "$unionWith" and body in self.guarded:
                self.trips.append(f"$unionWith on {body} without rules")

    def _demand(self, where: str, collection: str, condition: Mapping[str, Any]) -> None:
        if condition.get("deleted_at", ...) is not None:
            self.trips.append(f"{where} on {collection} without deleted_at: {dict(condition)}")


def _conditions(name: str, command: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the filters of a command."""
    if name == "aggregate":
        first: Stage = next(iter(command["pipeline"]), {})
        return [first.get("$match", {})]
    if name == "update":
        # A whole document in the place of operators is the guard's own second step of an insert.
        return [
            each["q"] for each in command["updates"] if not isinstance(each["u"], Mapping) or _is_operators(each["u"])
        ]
    if name == "delete":
        return [{"hard": "delete"}]
    filters = {"find": "filter", "count": "query", "distinct": "query", "findAndModify": "query"}
    return [command.get(filters[name], {})] if name in filters else []


def _is_filtered(field: str, following: Sequence[Stage]) -> bool:
    """Return whether the stage after a `$lookup` takes out of its result what must not be seen."""
    kept = [stage.get("$addFields", {}).get(field, {}).get("$filter", {}) for stage in following]
    return any(each.get("input") == f"${field}" and "$$each.deleted_at" in str(each["cond"]) for each in kept)


def _is_operators(update: Mapping[str, Any]) -> bool:
    return next(iter(update), "").startswith("$")


class _Listener(monitoring.CommandListener):
    """Hands the commands of all clients to the tripwire of the running test."""

    current: ClassVar[Tripwire | None] = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.current is not None:
            self.current.watch(event.command_name, event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


# Only clients that are made later are watched, so this must happen when the tests are collected.
monitoring.register(_Listener())


@pytest.fixture
def tripwire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tripwire]:
    """Fail the test if a guarded collection is read past the guard; use it before the fixtures that open databases."""
    wire = Tripwire()
    register = GuardedDatabase.register

    def note(self: GuardedDatabase, policy: CollectionPolicy) -> None:
        wire.guarded.add(policy.collection)
        register(self, policy)

    monkeypatch.setattr(GuardedDatabase, "register", note)
    _Listener.current = wire
    yield wire
    _Listener.current = None
    assert not wire.trips, "\n".join(wire.trips)
