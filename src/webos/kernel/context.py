"""Who acts and under which trace: carried in ContextVars through requests, events and tasks."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from secrets import token_hex
from typing import TYPE_CHECKING, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

from webos.kernel.errors import NotSignedInError, PermissionDeniedError, ViewOnlyError
from webos.kernel.permissions import PermissionSet

if TYPE_CHECKING:
    from webos.kernel.registry import ServiceRegistry

__all__ = [
    "ANONYMOUS",
    "SYSTEM",
    "AppContext",
    "Principal",
    "PrincipalKind",
    "User",
    "acting_as",
    "ctx_trace_id",
    "ctx_user",
    "current_trace_id",
    "current_user",
    "demand_own_hand",
    "new_trace_id",
    "signed_in_user",
]


class User(Protocol):
    """What the framework tells a module about the acting user (§10.4 of the specification)."""

    @property
    def id(self) -> UUID:
        """Identity that never changes."""

    @property
    def username(self) -> str:
        """Name the user signs in with."""

    @property
    def roles(self) -> list[str]:
        """Names of the user's roles."""

    @property
    def permissions(self) -> set[str]:
        """Grants, as declared: exact names and wildcards."""

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is signed in (or the system acts)."""

    @property
    def is_superuser(self) -> bool:
        """Whether every permission is granted and ownership does not restrict."""

    def has_permission(self, perm: str) -> bool:
        """Return whether the user holds the permission `perm`."""


class PrincipalKind(Enum):
    """What stands behind a principal."""

    USER = "user"
    ANONYMOUS = "anonymous"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Principal:
    """The acting user, resolved once and immutable: implements `User`.

    Attributes:
        id: Identity that never changes.
        username: Name the user signs in with.
        kind: Person, anonymous visitor, or the system itself.
        role_names: Names of the roles.
        grants: Permission names and wildcards, roles resolved.
        is_superuser: Whether every permission is granted.
        display_name: Name to show; the username where empty.
        key_id: Id of the API key by which the user acts; empty where he is signed in himself.
        viewer: User name of the superuser who looks at the system as this user and may change nothing; else empty.
        proved_at: When he has proved who he is for the last time in the session he acts in; None without a session.
    """

    id: UUID
    username: str
    kind: PrincipalKind = PrincipalKind.USER
    role_names: tuple[str, ...] = ()
    grants: frozenset[str] = frozenset()
    is_superuser: bool = False
    display_name: str = ""
    key_id: str = ""
    viewer: str = ""
    proved_at: datetime | None = field(default=None, compare=False)
    _matcher: PermissionSet = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_matcher", PermissionSet(self.grants))

    @property
    def roles(self) -> list[str]:
        """Names of the user's roles."""
        return list(self.role_names)

    @property
    def permissions(self) -> set[str]:
        """Grants, as declared: exact names and wildcards."""
        return set(self.grants)

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is signed in (or the system acts)."""
        return self.kind is not PrincipalKind.ANONYMOUS

    def has_permission(self, perm: str) -> bool:
        """Return whether the user holds the permission `perm`."""
        return self.is_superuser or perm in self._matcher


ANONYMOUS = Principal(
    id=uuid5(NAMESPACE_URL, "urn:webos:anonymous"), username="anonymous", kind=PrincipalKind.ANONYMOUS
)
"""The visitor who has not signed in: a principal of its own, with no grants."""

SYSTEM = Principal(
    id=uuid5(NAMESPACE_URL, "urn:webos:system"), username="system", kind=PrincipalKind.SYSTEM, is_superuser=True
)
"""The framework itself, as the author of what no person did."""

ctx_user: ContextVar[User] = ContextVar("user")
ctx_trace_id: ContextVar[str] = ContextVar("trace_id")


def new_trace_id() -> str:
    """Return a new trace id: 32 hexadecimal digits, as in W3C Trace Context."""
    return token_hex(16)


def current_trace_id() -> str:
    """Return the trace id of the running request, event or task, or an empty string outside of one."""
    return ctx_trace_id.get("")


def current_user() -> User:
    """Return the acting user.

    Raises:
        NotSignedInError: No user is in the context at all. Access fails closed.
    """
    user = ctx_user.get(None)
    if user is None:
        msg = "no user is set in this context"
        raise NotSignedInError(msg, user_message=NotSignedInError.title)
    return user


def signed_in_user() -> User:
    """Return the acting user, who must be signed in.

    Raises:
        NotSignedInError: The visitor is anonymous, or no user is set.
    """
    user = current_user()
    if not user.is_authenticated:
        raise NotSignedInError
    return user


def demand(permission: str) -> User:
    """Return the acting user, who must hold `permission`.

    Raises:
        NotSignedInError: The visitor is anonymous and the permission is not granted.
        PermissionDeniedError: The user lacks the permission.
    """
    user = current_user()
    if user.has_permission(permission):
        return user
    if not user.is_authenticated:
        raise NotSignedInError
    msg = f"{user.username} lacks {permission}"
    raise PermissionDeniedError(msg, user_message=f"You need the permission “{permission}” to do this.")


def demand_own_hand() -> None:
    """Refuse those who look at the system as another user: they change nothing, and see nothing that is his alone.

    Raises:
        ViewOnlyError: Somebody else looks as the acting user.
    """
    if getattr(ctx_user.get(None), "viewer", ""):
        raise ViewOnlyError


@contextmanager
def acting_as(user: User, trace_id: str | None = None) -> Iterator[None]:
    """Set user and trace id for the block and put the former ones back after it.

    Args:
        user: Who acts inside the block.
        trace_id: The trace to continue; a new one where None and none is running.
    """
    user_token = ctx_user.set(user)
    trace_token = ctx_trace_id.set(trace_id or current_trace_id() or new_trace_id())
    try:
        yield
    finally:
        ctx_trace_id.reset(trace_token)
        ctx_user.reset(user_token)


@dataclass(frozen=True, slots=True)
class AppContext:
    """What a request or a start-up hook is given (§10.4 of the specification).

    Attributes:
        user: The acting user.
        request_id: Trace id of the request.
        session_id: Public id of the sign-in session, empty without one. It opens nothing.
        services: The application's services.
    """

    user: User
    request_id: str
    session_id: str
    services: "ServiceRegistry"
