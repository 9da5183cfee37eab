"""Naming who acts in a message, and finding him again: his id, and that of the API key which limits him."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from webos.kernel.context import User

__all__ = ["LoadUser", "key_of", "load_actor", "load_again"]

LoadUser = Callable[..., Awaitable[User]]
"""Returns the user with an id, with the permissions he has now; raises where he may not act any more. It is given the
id of an API key as well where one limits him."""


def key_of(user: User | None) -> str:
    """Return the id of the API key by which a user acts; empty where he is signed in himself."""
    key_id: str = getattr(user, "key_id", "")
    return key_id


async def load_actor(load: LoadUser, user_id: UUID, key_id: str = "") -> User:
    """Return a user with the permissions he has now, within those of a key where he acts by one.

    Args:
        load: Where users come from.
        user_id: Whom to return.
        key_id: Id of the key; empty without one.
    """
    return await (load(user_id, key_id) if key_id else load(user_id))


async def load_again(load: LoadUser, user: User) -> User:
    """Return who acts as `user`, with the permissions he has now."""
    return await load_actor(load, user.id, key_of(user))
