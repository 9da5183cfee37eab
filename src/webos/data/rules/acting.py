"""`ACTING`: the acting user in a condition, filled in when it is asked."""

from dataclasses import dataclass
from typing import Any, Final

from webos.kernel.context import User

__all__ = ["ACTING", "ActingUser", "Placeholder"]


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Something of the acting user.

    Attributes:
        name: Which.
        listed: Whether it is a list of values.
    """

    name: str
    listed: bool = False

    def value(self, user: User) -> Any:  # noqa: ANN401 - whatever the user has
        """Return what it is for `user`."""
        value = getattr(user, self.name)
        return list(value) if self.listed else value

    def __str__(self) -> str:
        return f"ACTING.{self.name}"

    __repr__ = __str__


class ActingUser:
    """What a condition may ask of the acting user.

    Attributes:
        id: His id, as in `created_by`.
        username: The name he signs in with.
        roles: The names of his roles, for `$in` and `$nin`.
    """

    __slots__ = ()

    id: Final = Placeholder("id")
    username: Final = Placeholder("username")
    roles: Final = Placeholder("roles", listed=True)


ACTING: Final = ActingUser()
"""The acting user, in the `where` of a rule."""
