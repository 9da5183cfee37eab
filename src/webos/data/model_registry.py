"""All document classes of the running application, by their name `module.Class`."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from webos.data.contents import may_hold
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.policy import CollectionPolicy
from webos.data.rules.declared import declared_field_permissions, declared_rules
from webos.data.secret.fields import secret_fields
from webos.kernel.context import User
from webos.kernel.errors import NotFoundError, PermissionDeniedError
from webos.kernel.labels import label_of

__all__ = ["ModelInfo", "ModelRegistry"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One document class and who may use it through the generic doors (grid, form, API).

    Attributes:
        name: `module.Class`.
        module: Name of the module.
        document: The class.
        read_permission: What reading needs; any signed-in user where None.
        write_permission: What writing needs; any signed-in user where None.
    """

    name: str
    module: str
    document: type[CoreDocument]
    read_permission: str | None
    write_permission: str | None

    @property
    def collection(self) -> str:
        """Name of the collection."""
        return collection_name(self.name, self.document)

    @property
    def title(self) -> str:
        """What people call one of these documents."""
        return self.document.model_config.get("title") or label_of(self.document.__name__)

    @property
    def policy(self) -> CollectionPolicy:
        """The rules the guard enforces."""
        fields = (field.alias or name for name, field in self.document.model_fields.items())
        secrets = secret_fields(self.document)
        owned = issubclass(self.document, OwnedDocument)
        return CollectionPolicy(
            collection=self.collection,
            model=self.name,
            owned=owned,
            fields=frozenset(fields),
            decimals=may_hold(Decimal, self.document),
            secrets=frozenset(secrets),
            searchable=frozenset(name for name, searchable in secrets.items() if searchable),
            audited=getattr(self.document.Settings, "audit", True),
            write_permission=self.write_permission,
            read_permission=self.read_permission,
            rules=declared_rules(self.document, owned=owned),
            field_permissions=declared_field_permissions(self.document),
        )

    def may_read(self, user: User) -> bool:
        """Return whether `user` may read these documents through a generic door."""
        return user.is_authenticated and (self.read_permission is None or user.has_permission(self.read_permission))

    def may_write(self, user: User) -> bool:
        """Return whether `user` may write these documents through a generic door."""
        return self.may_read(user) and (self.write_permission is None or user.has_permission(self.write_permission))

    def demand_read(self, user: User) -> None:
        """Raise unless `user` may read.

        Raises:
            PermissionDeniedError: He may not.
        """
        if not self.may_read(user):
            raise _denied(user, self.read_permission)

    def demand_write(self, user: User) -> None:
        """Raise unless `user` may write.

        Raises:
            PermissionDeniedError: He may not.
        """
        if not self.may_write(user):
            raise _denied(user, self.write_permission)


class ModelRegistry:
    """The document classes of one application."""

    def __init__(self) -> None:
        self._by_name: dict[str, ModelInfo] = {}

    def add(self, info: ModelInfo) -> None:
        """Make a document class known.

        Raises:
            ValueError: The name is taken, or another class uses the same collection.
        """
        if info.name in self._by_name:
            msg = f"there are two models named {info.name}"
            raise ValueError(msg)
        for other in self:
            if other.collection == info.collection:
                msg = f"the collection {info.collection!r} of {info.name} already belongs to {other.name}"
                raise ValueError(msg)
        self._by_name[info.name] = info

    def remove(self, name: str) -> None:
        """Forget a document class."""
        self._by_name.pop(name, None)

    def __iter__(self) -> Iterator[ModelInfo]:
        return iter(list(self._by_name.values()))

    def __getitem__(self, name: str) -> ModelInfo:
        """Return the model `name`.

        Raises:
            NotFoundError: There is none.
        """
        try:
            return self._by_name[name]
        except KeyError:
            msg = f"there is no model {name!r}"
            raise NotFoundError(msg) from None

    def of(self, document: type[CoreDocument]) -> ModelInfo:
        """Return the entry of a document class.

        Raises:
            NotFoundError: It is not registered.
        """
        return self[document.__webos_name__]

    def by_collection(self, collection: str) -> ModelInfo | None:
        """Return the model whose documents are in `collection`."""
        return next((info for info in self if info.collection == collection), None)


def collection_name(model: str, document: type[CoreDocument]) -> str:
    """Return the collection of a model: the one its `Settings` name, else the model's full name."""
    return getattr(document.Settings, "name", None) or model


def _denied(user: User, permission: str | None) -> PermissionDeniedError:
    msg = f"{user.username} lacks {permission or 'a sign-in'}"
    text = f"You need the permission “{permission}” to do this." if permission else "Please sign in."
    return PermissionDeniedError(msg, user_message=text)
