"""Sessions whose users lack no second factor that they need: the only ones that open pages and websockets."""

from webos.auth.resolver import SessionResolver, SignIn

__all__ = ["FullSessions"]


class FullSessions:
    """Tells who is behind a token, and nothing of those who must set up a second factor first.

    Args:
        sessions: Tells who is behind any token.
    """

    def __init__(self, sessions: SessionResolver) -> None:
        self._sessions = sessions

    def peek(self, token: str) -> SignIn | None:
        """Return the sign-in if it is known without asking the database."""
        return _full(self._sessions.peek(token))

    async def resolve(self, token: str) -> SignIn | None:
        """Return the sign-in behind a token, or None where it may not act."""
        return _full(await self._sessions.resolve(token))


def _full(sign_in: SignIn | None) -> SignIn | None:
    return None if sign_in is not None and sign_in.enrolling else sign_in
