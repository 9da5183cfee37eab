"""Dependencies of FastAPI routes: the user, and permissions."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends

from webos.auth.permissions import check_permission_name, mark
from webos.kernel.context import User, demand, signed_in_user

__all__ = ["CurrentUser", "require", "require_user"]


async def require_user() -> User:
    """Return the signed-in user.

    Raises:
        NotSignedInError: Nobody is signed in.
    """
    return signed_in_user()


CurrentUser = Annotated[User, Depends(require_user)]
"""The type of a route's parameter that is filled in with the signed-in user; visitors get 401."""


def require(permission: str) -> Callable[[], Awaitable[User]]:
    """Return a dependency, for `Depends`, that lets only users with a permission pass, and is that user.

    Args:
        permission: Name of the permission.

    Raises:
        ValueError: That is no name of a permission.
    """
    check_permission_name(permission)

    async def demanded() -> User:
        return demand(permission)

    mark(demanded, permission)
    return demanded
