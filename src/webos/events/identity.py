"""The user behind an event or a task that carries his id only."""

from uuid import UUID

from webos.kernel.actor import LoadUser, load_actor
from webos.kernel.context import ANONYMOUS, SYSTEM, User
from webos.kernel.errors import NotFoundError

__all__ = ["UserLoader", "no_users", "user_by_id"]

UserLoader = LoadUser
"""Returns the user with an id, with the permissions he has now; raises where he may not act any more."""


async def user_by_id(user_id: UUID, load: UserLoader, key_id: str = "") -> User:
    """Return the user with an id; the system and the anonymous visitor are known without loading.

    Args:
        user_id: Whom to return.
        load: Where the others come from.
        key_id: Id of the API key by which he acts; empty without one.
    """
    for known in (SYSTEM, ANONYMOUS):
        if known.id == user_id:
            return known
    return await load_actor(load, user_id, key_id)


async def no_users(user_id: UUID) -> User:
    """Stand for the loader where there is none.

    Raises:
        NotFoundError: Always.
    """
    msg = f"the bus was given no way to load the user {user_id}"
    raise NotFoundError(msg)
