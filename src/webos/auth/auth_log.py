"""The record of sign-ins and of changes of accounts: entries are added, never changed, and hold no secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.accounts import Account, fold_username
from webos.auth.caller import current_caller
from webos.auth.device import device_name
from webos.auth.permissions import require_permission
from webos.auth.together import Within
from webos.kernel.context import PrincipalKind, ctx_user, current_trace_id

__all__ = ["AuthEvent", "AuthEventKind", "AuthLog"]

_MOST = 500


class AuthEventKind(Enum):
    """What happened."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    LOCKED = "locked"
    SIGNED_OUT = "signed_out"
    TOKEN_ISSUED = "token_issued"  # noqa: S105 - names an event
    SESSION_REVOKED = "session_revoked"
    ALL_SESSIONS_REVOKED = "all_sessions_revoked"
    CREATED = "created"
    INVITED = "invited"
    JOINED = "joined"
    REGISTRATION_ASKED = "registration_asked"
    RESET_ASKED = "reset_asked"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the same
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the same
    EMAIL_ASKED = "email_asked"
    EMAIL_CHANGED = "email_changed"
    EMAIL_VERIFIED = "email_verified"
    ACCESS_CHANGED = "access_changed"
    ROLE_CHANGED = "role_changed"
    ROLE_DELETED = "role_deleted"
    GROUP_CHANGED = "group_changed"
    GROUP_DELETED = "group_deleted"
    VIEW_BEGUN = "view_begun"
    VIEW_ENDED = "view_ended"
    DISABLED = "disabled"
    ENABLED = "enabled"
    DELETED = "deleted"
    KEY_CREATED = "key_created"
    KEY_FIRST_USED = "key_first_used"
    KEY_REVOKED = "key_revoked"
    SECOND_FACTOR_ASKED = "second_factor_asked"
    SECOND_FACTOR_FAILED = "second_factor_failed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_RESET = "factors_reset"
    PROVED_AGAIN = "proved_again"
    NEW_DEVICE = "new_device"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthEvent:
    """An entry of the record.

    Attributes:
        id: Names the entry.
        at: When it happened, in UTC.
        kind: What happened.
        user_id: Whom it happened to; None for nobody that is known.
        username: His name at that time.
        actor: Name of who did it, where that was somebody else.
        address: Where the connection came from.
        device: The device, in words.
        trace_id: Trace of the request.
        detail: More, in plain words and names.
    """

    id: str
    at: datetime
    kind: AuthEventKind
    user_id: UUID | None = None
    username: str = ""
    actor: str = ""
    address: str = ""
    device: str = ""
    trace_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


class AuthLog:
    """The record.

    Args:
        database: The database, without the guard.
        kept: How long an entry is kept.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], kept: timedelta) -> None:
        self._events = database["webos_auth_events"]
        self._kept = kept
        self._last = datetime.min.replace(tzinfo=UTC)

    async def ensure_indexes(self) -> None:
        """Make the indexes: by time, by user, and the end of entries."""
        await self._events.create_index([("at", -1)])
        await self._events.create_index([("user_id", 1), ("at", -1)])
        await self._events.create_index([("username_key", 1), ("at", -1)])
        await self._events.create_index("expires_at", expireAfterSeconds=0)

    async def add(
        self,
        kind: AuthEventKind,
        account: Account | None = None,
        *,
        address: str = "",
        within: Within = None,
        **detail: object,
    ) -> None:
        """Add an entry; actor, address, device and trace come from the running request.

        Args:
            kind: What happened.
            account: Whom it happened to; None for nobody that is known.
            address: Where the connection came from, where the request does not say.
            within: The transaction of what is recorded.
            detail: More, in plain words and names; never a secret, nor what somebody typed.
        """
        caller = current_caller()
        now = self._now()
        actor = ctx_user.get(None)
        by_other = actor is not None and actor.is_authenticated and (account is None or actor.id != account.id)
        await self._events.insert_one(
            {
                "_id": uuid4().hex,
                "at": now,
                "expires_at": now + self._kept,
                "kind": kind.value,
                "user_id": account.id if account is not None else None,
                "username": account.username if account is not None else "",
                "username_key": fold_username(account.username) if account is not None else "",
                "actor": _name(actor) if by_other else "",
                "address": caller.address or address,
                "device": device_name(caller.user_agent) if caller.user_agent else "",
                "trace_id": current_trace_id(),
                "detail": detail,
            },
            session=within,
        )

    def _now(self) -> datetime:
        """Return the time, later than that of the entry before, so that their order is known."""
        now = datetime.now(UTC)
        now = max(now.replace(microsecond=now.microsecond // 1000 * 1000), self._last + timedelta(milliseconds=1))
        self._last = now
        return now

    async def failures_before_success(self, user_id: UUID, *, since: datetime) -> int:
        """Return how many sign-ins of a user failed since `since` and since one of them succeeded."""
        success = await self._events.find_one(
            {"user_id": user_id, "at": {"$gt": since}, "kind": AuthEventKind.SIGNED_IN.value}, sort=[("at", -1)]
        )
        query = {
            "user_id": user_id,
            "at": {"$gt": success["at"] if success else since},
            "kind": AuthEventKind.SIGN_IN_FAILED.value,
        }
        return await self._events.count_documents(query, limit=_MOST)

    @require_permission("admin.audit")
    async def find(
        self,
        *,
        username: str = "",
        kind: AuthEventKind | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        limit: int = 100,
    ) -> list[AuthEvent]:
        """Return entries, the newest first, to those who may read them.

        Args:
            username: Whose; everybody's where empty.
            kind: Of which kind; of all where None.
            since: From when on; from the first where None.
            before: Until when, for the next page.
            limit: How many at most, up to 500.

        Raises:
            PermissionDeniedError: The acting user lacks `admin.audit`.
        """
        query: dict[str, Any] = {}
        if username:
            query["username_key"] = fold_username(username)
        if kind is not None:
            query["kind"] = kind.value
        times = {name: value for name, value in (("$gte", since), ("$lt", before)) if value is not None}
        if times:
            query["at"] = times
        cursor = self._events.find(query).sort("at", -1).limit(max(1, min(limit, _MOST)))
        return [_event(document) async for document in cursor]


def _name(actor: Any) -> str:  # noqa: ANN401 - any user
    system = getattr(actor, "kind", None) is PrincipalKind.SYSTEM
    return "the system" if system else str(actor.username)


def _event(document: Mapping[str, Any]) -> AuthEvent:
    names = ("at", "user_id", "username", "actor", "address", "device", "trace_id", "detail")
    return AuthEvent(
        id=document["_id"], kind=AuthEventKind(document["kind"]), **{name: document[name] for name in names}
    )
