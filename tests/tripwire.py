"""A tripwire on the wire: it finds commands that reach a guarded collection without the rules of whoever acts.

It sees what the driver really sends, so it also finds ways to the data that nobody thought of. It watches every test:
what test code itself sends through the driver is no concern of it, nor the few parts of the framework that work on
stored documents as such. The fixture `tripwire` watches more closely: test code too, except inside `paused()`.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import pytest
from pymongo import monitoring

from webos.data.audit.applied import READING
from webos.data.guard import GuardedDatabase
from webos.data.guard.fields import hidden_fields
from webos.data.guard.queries import restriction
from webos.data.policy import CollectionPolicy
from webos.data.scope import in_system_context
from webos.kernel.errors import WebOSError

__all__ = ["Tripwire", "tripwire", "watch_every_test"]

Stage = Mapping[str, Any]

# They take all documents as they are stored, for nobody in particular.
_FRAMEWORK = ("audit", "backup", "migrations", "secret", "transfer", "changes.py")
_TESTS = "tests"
_COUNTING = {"$group": {"_id": 1, "n": {"$sum": 1}}}
_JUST_STORED = {"_id", "created_at", "created_by", "revision"}


class Tripwire:
    """Collects the commands that go round the guard.

    Args:
        every_caller: Whether what test code sends counts too.

    Attributes:
        guarded: Policies of the guarded collections, by database and name.
        trips: What was wrong, one line each.
        seen: Number of commands on guarded collections that were looked at.
        filters: Every filter that was sent, with its collection.
    """

    def __init__(self, *, every_caller: bool) -> None:
        self.guarded: dict[tuple[str, str], CollectionPolicy] = {}
        self.trips: list[str] = []
        self.seen = 0
        self.filters: list[tuple[str, Mapping[str, Any]]] = []
        self._every_caller = every_caller
        self._paused = False
        self._for_nobody = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Look away for the block."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def watch(self, name: str, command: Mapping[str, Any], caller: str | None = None) -> None:
        """Look at one command.

        Args:
            name: Name of the command.
            command: Its document.
            caller: Who sends it; found out where None.
        """
        if name == "bulkWrite":
            self._watch_each(command, caller)
            return
        collection, database = command.get(name), str(command.get("$db"))
        if self._paused or not isinstance(collection, str):
            return
        policy = self.guarded.get((database, collection))
        # What the record of changes and the ways of deleted documents read under rules of their own.
        if policy is None or command.get("comment") == READING:
            return
        caller = _caller() if caller is None else caller
        if not self._concerns(caller):
            return
        # Test code that looks at what is stored does so for nobody; it has to leave out what is deleted.
        self._for_nobody = caller == _TESTS
        self.seen += 1
        for condition in _conditions(name, command):
            self.filters.append((collection, condition))
            self._demand(name, policy, condition)
        self._demand_hiding(name, policy, command)
        self._look_into(name, database, command.get("pipeline", ()))

    def _watch_each(self, command: Mapping[str, Any], caller: str | None) -> None:
        """Look at the writes of a request into several collections as if each were a command."""
        caller = _caller() if caller is None else caller
        for operation in command["ops"]:
            kind = next(iter(operation))
            database, _, collection = command["nsInfo"][operation[kind]]["ns"].partition(".")
            written = {"q": operation.get("filter", {}), "u": operation.get("updateMods", {})}
            several = {"update": "updates", "delete": "deletes"}.get(kind, "documents")
            self.watch(kind, {kind: collection, "$db": database, several: [written]}, caller)

    def _concerns(self, caller: str) -> bool:
        return self._every_caller or (caller != _TESTS and not caller.startswith(_FRAMEWORK))

    def _look_into(self, where: str, database: str, stages: Sequence[Stage]) -> None:
        """Look at what a pipeline reads of other collections, at every depth."""
        for position, stage in enumerate(stages):
            name, body = next(iter(stage.items()))
            if name == "$facet":
                for inner in body.values():
                    self._look_into(where, database, inner)
            target = body.get("from", body.get("coll")) if isinstance(body, Mapping) else body
            policy = self.guarded.get((database, target)) if isinstance(target, str) else None
            if policy is None:
                continue
            if name == "$graphLookup":
                self._demand(name, policy, body.get("restrictSearchWithMatch", {}))
            elif name == "$lookup" and "pipeline" not in body:
                if not _is_filtered(body["as"], policy, stages[position + 1 : position + 2]):
                    self.trips.append(f"$lookup of {target} without rules")
            elif name in {"$lookup", "$unionWith"} and isinstance(body, Mapping):
                inner = body.get("pipeline", ())
                self._demand(name, policy, inner[0].get("$match", {}) if inner else {})
                self._look_into(name, database, inner)
            elif name == "$unionWith":
                self.trips.append(f"$unionWith on {body} without rules")

    def _demand(self, where: str, policy: CollectionPolicy, condition: Mapping[str, Any]) -> None:
        """Note a condition that lacks a rule; a change of a known revision was read under the rules before."""
        if where in {"update", "findAndModify"} and condition.keys() >= {"_id", "deleted_at", "revision"}:
            return
        asked = [condition, *condition.get("$and", ())]
        expected: dict[str, Any] = {"deleted_at": None} if self._for_nobody else _expected(policy)
        for name, value in expected.items():
            parts = value if name == "$and" else [{name: value}]
            if not all(any(_has(each, part) for each in asked) for part in parts):
                self.trips.append(f"{where} on {policy.model} without {name}: {dict(condition)}")

    def _demand_hiding(self, name: str, policy: CollectionPolicy, command: Mapping[str, Any]) -> None:
        """Note a read that would bring a field which whoever acts may not see."""
        if not policy.field_permissions or self._for_nobody:
            return
        hidden = hidden_fields(policy)
        if name == "aggregate" and command["pipeline"][-1] != _COUNTING:
            taken_out = {each for stage in command["pipeline"][:3] for each in stage.get("$unset", ())}
            kept = next((stage["$project"] for stage in command["pipeline"][:3] if "$project" in stage), None)
            if hidden - taken_out and (kept is None or hidden & kept.keys()):
                self.trips.append(f"aggregate on {policy.model} shows {hidden}")
        elif name in {"find", "findAndModify"}:
            fields = command.get("projection" if name == "find" else "fields") or {}
            included = any(_includes(value) for each, value in fields.items() if each != "_id") or fields.get("_id")
            shown = {each.partition(".")[0] for each in fields} & hidden if included else hidden - fields.keys()
            if shown:
                self.trips.append(f"{name} on {policy.model} shows {shown}: {dict(fields)}")


def _expected(policy: CollectionPolicy) -> dict[str, Any]:
    try:
        return restriction(policy)
    except WebOSError as error:
        return {f"anybody who may ({error})": True}


def _includes(value: object) -> bool:
    return "$slice" not in value if isinstance(value, Mapping) else bool(value)


def _has(condition: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    return all(name in condition and condition[name] == value for name, value in part.items())


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
        # The guard takes back what it has just stored itself.
        return [{"hard": "delete"} for each in command["deletes"] if not each["q"].keys() >= _JUST_STORED]
    if name == "count" and "query" not in command and in_system_context():
        # How many there are in all, which only the framework asks.
        return []
    filters = {"find": "filter", "count": "query", "distinct": "query", "findAndModify": "query"}
    return [command.get(filters[name], {})] if name in filters else []


def _is_filtered(field: str, policy: CollectionPolicy, following: Sequence[Stage]) -> bool:
    """Return whether the stage after a `$lookup` takes out of its result what must not be seen."""
    kept = [stage.get("$addFields", {}).get(field, {}).get("$filter", {}) for stage in following]
    names = [name for name in _expected(policy) if name[:1] != "$"]
    return any(
        each.get("input") == f"${field}" and all(f"$$each.{name}" in str(each["cond"]) for name in names)
        for each in kept
    )


def _is_operators(update: Mapping[str, Any]) -> bool:
    return next(iter(update), "").startswith("$")


def _caller() -> str:
    """Return who sends the running command: a path in the data layer, another part of WebOS, or the tests."""
    frame = sys._getframe(2)
    while frame is not None:
        parts = PurePath(frame.f_code.co_filename).parts
        if frame.f_code.co_filename != __file__:
            if "tests" in parts:
                return _TESTS
            if "webos" in parts and "site-packages" not in parts:
                inside = parts[len(parts) - parts[::-1].index("webos") :]
                return "/".join(inside[1:] if inside[:1] == ("data",) else inside)
        frame = frame.f_back  # type: ignore[assignment]  # None behind the first frame
    return ""


class _Watch:
    """What all clients of the test session are watched by."""

    def __init__(self) -> None:
        self.wires: list[Tripwire] = []
        self.guarded: dict[tuple[str, str], CollectionPolicy] = {}


_watch = _Watch()


class _Listener(monitoring.CommandListener):
    """Hands the commands of all clients to the tripwires of the running test."""

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        for wire in _watch.wires:
            wire.watch(event.command_name, event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


# Only clients that are made later are watched, so this must happen when the tests are collected.
monitoring.register(_Listener())
_register = GuardedDatabase.register


def _note(self: GuardedDatabase, policy: CollectionPolicy) -> None:
    _register(self, policy)
    _watch.guarded[self.name, policy.collection] = policy


GuardedDatabase.register = _note  # type: ignore[method-assign]  # for the whole session, as the listener


@contextmanager
def _watching(wire: Tripwire) -> Iterator[Tripwire]:
    wire.guarded = _watch.guarded
    _watch.wires.append(wire)
    try:
        yield wire
    finally:
        _watch.wires.remove(wire)
    assert not wire.trips, "\n".join(wire.trips)


@pytest.fixture
def tripwire() -> Iterator[Tripwire]:
    """Fail the test if a guarded collection is reached past the guard, by test code as well."""
    with _watching(Tripwire(every_caller=True)) as wire:
        yield wire


@pytest.fixture(autouse=True)
def watch_every_test() -> Iterator[None]:
    """Fail any test in which code of WebOS reaches a guarded collection past the guard."""
    with _watching(Tripwire(every_caller=False)):
        yield
