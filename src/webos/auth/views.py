"""Looking at the system as another user, to see what he sees and to change nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from webos.auth.accounts import Account
from webos.auth.auth_log import AuthEventKind
from webos.auth.errors import AccountNotFoundError, SessionNeededError
from webos.auth.parts import AuthParts
from webos.auth.sessions import SessionRecord
from webos.kernel.errors import ConflictError, PermissionDeniedError

__all__ = ["Views"]

_LONGEST = timedelta(hours=1)


class Views:
    """Lets superusers look at the system as other users.

    Whoever looks has the permissions of whom he looks as, changes nothing, opens no secrets and no account pages. It
    belongs to one session, ends with it, after an hour, or when somebody ends it; both ends are on record.

    Args:
        parts: The parts of accounts and sessions.
    """

    def __init__(self, parts: AuthParts) -> None:
        self._parts = parts

    async def begin(self, session_id: str, viewer_id: UUID, user_id: UUID) -> datetime:
        """Let a session look as another user, and return until when.

        Args:
            session_id: Public id of the session.
            viewer_id: Whose session it is; he must be a superuser.
            user_id: As whom; not a superuser, and no account that is disabled or a program's.

        Raises:
            PermissionDeniedError: The viewer is no superuser, or the other one is.
            AccountNotFoundError: There is no such account.
            ConflictError: The account is disabled or a program's, or the session looks as somebody else already.
            SessionNeededError: There is no such session of the viewer.
        """
        viewer, viewed = await self._account(viewer_id), await self._account(user_id)
        if not viewer.is_superuser or viewer.disabled:
            raise PermissionDeniedError(user_message="Only superusers may look at the system as somebody else.")
        if viewed.is_superuser:
            raise PermissionDeniedError(user_message="Nobody may look at the system as a superuser.")
        if viewed.disabled or viewed.is_service:
            msg = f"{viewed.username} cannot sign in"
            raise ConflictError(msg, user_message="This account cannot sign in, so there is nothing to look at.")
        until = datetime.now(UTC).replace(microsecond=0) + _LONGEST
        record = await self._parts.stored_sessions.get_public(session_id)
        if record is None or record.user_id != viewer.id:
            raise SessionNeededError
        # On record first: nobody looks without an entry.
        await self._parts.log.add(AuthEventKind.VIEW_BEGUN, viewed, by=viewer.username, session=session_id, until=until)
        if not await self._parts.stored_sessions.view(session_id, viewer.id, viewed.id, until):
            msg = f"session {session_id} looks as somebody else already"
            raise ConflictError(msg, user_message="End the other view first.")
        self._parts.sessions.forget_key(record.key)
        return until

    async def end(self, session_id: str) -> bool:
        """Let a session be its own user's again, and return whether it looked as another one."""
        record = await self._parts.stored_sessions.end_view(session_id)
        if record is None or record.viewed_id is None:
            return False
        self._parts.sessions.forget_key(record.key)
        viewed = await self._parts.accounts.get(record.viewed_id)
        viewer = await self._parts.accounts.get(record.user_id)
        by = viewer.username if viewer is not None else ""
        await self._parts.log.add(AuthEventKind.VIEW_ENDED, viewed, by=by, session=session_id)
        return True

    async def end_all(self, viewer_id: UUID) -> int:
        """End every view of a user, wherever he looks, and return how many there were."""
        return sum([await self.end(record.public_id) for record in await self.of(viewer_id)])

    async def of(self, viewer_id: UUID) -> list[SessionRecord]:
        """Return the sessions in which a user looks as another one."""
        return await self._parts.stored_sessions.viewing(viewer_id)

    async def _account(self, user_id: UUID) -> Account:
        account = await self._parts.accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        return account
