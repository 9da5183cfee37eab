"""Whom a result belongs to: what one user may see must not reach another through the cache."""

from hashlib import blake2b

from webos.data.scope import in_system_context
from webos.kernel.context import User, ctx_user

__all__ = ["rights_of_whoever_acts", "user_key"]


def user_key(user: User) -> str:
    """Return what names a user in a key."""
    return user.id.hex


def rights_of_whoever_acts() -> str:
    """Return a short text that differs for users, and for one user with different rights.

    The same person with a narrower API key, other roles or as the system sees other data, so that each of these has
    results of its own.
    """
    system = in_system_context()
    user = ctx_user.get(None)
    if user is None:
        return "system" if system else "nobody"
    rights = "\n".join([str(user.is_superuser), *sorted(user.roles), "", *sorted(user.permissions)])
    digest = blake2b(rights.encode(), digest_size=9, person=b"webos-rights").hexdigest()
    return f"{user_key(user)}.{digest}{'.system' if system else ''}"
