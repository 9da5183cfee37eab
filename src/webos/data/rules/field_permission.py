"""Permissions for single fields of a model."""

from dataclasses import dataclass
from typing import Any

from webos.kernel.context import User

__all__ = ["FieldPermission"]


@dataclass(frozen=True, slots=True)
class FieldPermission:
    """What one field needs.

    Attributes:
        field: Name of the model's field.
        stored: Its name in the database.
        read: The permission to see it; everybody does where None.
        write: The permission to change it, beside the one to see it; nothing further where None.
        defaults: What new documents hold in it, as it is stored; none where that is not known.
    """

    field: str
    stored: str
    read: str | None
    write: str | None
    defaults: tuple[Any, ...] = ()

    def may_read(self, user: User) -> bool:
        """Return whether `user` sees the field."""
        return self.read is None or user.has_permission(self.read)

    def may_write(self, user: User) -> bool:
        """Return whether `user` may change the field; nobody changes what he cannot see."""
        return self.may_read(user) and (self.write is None or user.has_permission(self.write))

    def is_default(self, value: object) -> bool:
        """Return whether a stored value is what a new document holds by itself."""
        return any(type(value) is type(default) and value == default for default in self.defaults)
