"""Counting what is sent to the database, so that a test finds a query for each row."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo import monitoring

__all__ = ["Command", "CommandListener", "CommandLog", "Recording"]

_CONDITIONS = {"find": "filter", "count": "query", "distinct": "query", "findAndModify": "query"}
# What the driver and the framework send by themselves.
_HOUSEKEEPING = frozenset({"hello", "ping", "endSessions", "getMore", "killCursors", "buildInfo", "listIndexes"})
_ROWS = 3


@dataclass(frozen=True, slots=True)
class Command:
    """A command without its values: two questions for one document each are the same.

    Attributes:
        name: Name of the command: `find`, `update`, `aggregate` and so on.
        collection: The collection; empty where it is about none.
        shape: Fields and operators of its filter.
    """

    name: str
    collection: str
    shape: str

    def __str__(self) -> str:
        return f"{self.name} {self.collection} {self.shape}".rstrip()


class Recording:
    """The commands of a block, in their order.

    Attributes:
        commands: The commands.
    """

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def __len__(self) -> int:
        return len(self.commands)

    def repeated(self, times: int = _ROWS) -> dict[Command, int]:
        """Return the commands that were sent at least so many times, with how many times."""
        return {command: count for command, count in Counter(self.commands).items() if count >= times}

    def __str__(self) -> str:
        return "\n".join(f"  {count} x {command}" for command, count in Counter(self.commands).items())


class CommandListener(monitoring.CommandListener):
    """Hands what all clients send to the recordings that are running."""

    def __init__(self) -> None:
        self.recordings: list[Recording] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Note a command."""
        if self.recordings and event.command_name not in _HOUSEKEEPING:
            command = _described(event.command_name, event.command)
            if command is not None:
                for recording in self.recordings:
                    recording.commands.append(command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Do nothing."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Do nothing."""


class CommandLog:
    """Records what blocks of a test send to the database.

    Args:
        listener: What hears the commands of all clients.
    """

    def __init__(self, listener: CommandListener) -> None:
        self._listener = listener

    @contextmanager
    def recording(self) -> Iterator[Recording]:
        """Record the commands of the block."""
        recording = Recording()
        self._listener.recordings.append(recording)
        try:
            yield recording
        finally:
            self._listener.recordings.remove(recording)

    @contextmanager
    def at_most(self, count: int) -> Iterator[Recording]:
        """Fail if the block sends more than `count` commands.

        Raises:
            AssertionError: It does; the message lists them.
        """
        with self.recording() as recording:
            yield recording
        if len(recording) > count:
            msg = f"{len(recording)} commands were sent, at most {count} were expected:\n{recording}"
            raise AssertionError(msg)

    @contextmanager
    def once_each(self, times: int = _ROWS) -> Iterator[Recording]:
        """Fail if the block asks the same question again and again, as code does that queries for each row (N+1).

        Args:
            times: From how many equal questions on it fails.

        Raises:
            AssertionError: It does; the message names the question.
        """
        with self.recording() as recording:
            yield recording
        for command, count in recording.repeated(times).items():
            msg = (
                f"“{command}” was sent {count} times. Ask once for all: with fetch_links=True, Link.fetch_list, "
                f"or a filter with $in.\n{recording}"
            )
            raise AssertionError(msg)


def _described(name: str, document: Mapping[str, Any]) -> Command | None:
    target = document.get(name)
    collection = target if isinstance(target, str) else ""
    if name == "aggregate":
        stages: Sequence[Mapping[str, Any]] = document["pipeline"]
        if stages and "$changeStream" in stages[0]:
            return None
        return Command(name, collection, " ".join(_stage(stage) for stage in stages))
    if name in {"update", "delete"}:
        parts = document["updates" if name == "update" else "deletes"]
        return Command(name, collection, _shape(parts[0]["q"]) if len(parts) == 1 else f"{len(parts)} at once")
    if name == "bulkWrite":
        # An entry of the record of changes with the change that it tells of, which comes last.
        change: Mapping[str, Any] = document["ops"][-1]
        kind = next(iter(change))
        namespace: str = document["nsInfo"][change[kind]]["ns"]
        return Command(kind, namespace.partition(".")[2], _shape(change.get("filter", {})))
    return Command(name, collection, _shape(document.get(_CONDITIONS.get(name, ""), {})))


def _stage(stage: Mapping[str, Any]) -> str:
    name, body = next(iter(stage.items()))
    if name == "$match":
        return f"{name}{_shape(body)}"
    return f"{name}({body['from']})" if name in {"$lookup", "$graphLookup"} else name


def _shape(condition: object) -> str:
    """Return a filter without its values."""
    if isinstance(condition, Mapping):
        inner = ", ".join(f"{key}{_shape(value)}" for key, value in condition.items())
        return f"{{{inner}}}"
    if isinstance(condition, list) and any(isinstance(each, Mapping) for each in condition):
        return f"[{', '.join(_shape(each) for each in condition)}]"
    return ""
