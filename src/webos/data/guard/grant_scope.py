"""The scope of a granted read: while it runs, the guard opens one collection, some of its fields, and no write."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy

__all__ = ["GrantScope", "UndeclaredAccessError", "current_grant", "declaration", "demand_no_grant", "granted_read"]


class UndeclaredAccessError(GuardRefusalError):
    """A service reads data of another module that it has not declared; the message says what to declare."""

    code = "webos.undeclared_access"
    title = "This access to another module's data is not declared"


@dataclass(slots=True, eq=False)
class GrantScope:
    """What may be read while it is active.

    A task that was started inside and outlives it still carries it in its context, and is refused.

    Attributes:
        consumer: The service that reads.
        model: The model, `module.Class`.
        collection: Its collection.
        fields: Stored names of the granted fields, that of the id too.
        names: The names as they are declared.
        active: Whether it has not ended.
    """

    consumer: str
    model: str
    collection: str
    fields: frozenset[str]
    names: tuple[str, ...]
    active: bool = field(default=True)

    def missing(self, name: str) -> UndeclaredAccessError:
        """Return the error for a field that is not granted."""
        line = declaration(self.model, [*self.names, name])
        return UndeclaredAccessError(
            f"{self.consumer} reads {name} of {self.model}, which is not granted; declare {line}"
        )


_ctx_grant: ContextVar[GrantScope | None] = ContextVar("grant_scope", default=None)


@contextmanager
def granted_read(
    consumer: str, model: str, collection: str, fields: frozenset[str], names: tuple[str, ...]
) -> Iterator[GrantScope]:
    """Let the block read granted fields of one collection and nothing else.

    Args:
        consumer: The service that reads.
        model: The model, `module.Class`.
        collection: Its collection.
        fields: Stored names of the granted fields, that of the id too.
        names: The names as they are declared.
    """
    scope = GrantScope(consumer, model, collection, fields, names)
    token = _ctx_grant.set(scope)
    try:
        yield scope
    finally:
        scope.active = False
        _ctx_grant.reset(token)


def current_grant() -> GrantScope | None:
    """Return the scope of the running granted read, or None outside of one.

    Raises:
        GuardRefusalError: The read that this code was started in has ended.
    """
    scope = _ctx_grant.get()
    if scope is not None and not scope.active:
        msg = "the granted read this code was started in has ended"
        raise GuardRefusalError(msg)
    return scope


def demand_no_grant(policy: CollectionPolicy) -> None:
    """Refuse a write while a granted read runs.

    Raises:
        GuardRefusalError: One runs.
    """
    scope = current_grant()
    if scope is not None:
        msg = f"{scope.consumer} may read {scope.model}; it cannot write {policy.model}"
        raise GuardRefusalError(msg)


def declaration(model: str, fields: list[str]) -> str:
    """Return the line that declares a read."""
    listed = ", ".join(f'"{name}"' for name in dict.fromkeys(fields))
    return f'@data_access("{model}", access="read", fields=[{listed}])'
