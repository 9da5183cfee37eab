"""Sealing what is written: no value of a secret field passes to the database as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bson import ObjectId
from pydantic import SecretStr

from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy
from webos.data.secret.errors import SecretDamagedError, SecretKeyMissingError
from webos.data.secret.keyring import Keyring
from webos.data.secret.place import Place
from webos.data.secret.value import Secret, is_sealed
from webos.kernel.errors import ConfigurationError, InvalidInputError

__all__ = ["Sealer", "sets_secret"]

Row = dict[str, Any]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]

_SETTING = frozenset({"$set", "$setOnInsert"})


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals the secret fields of one collection.

    Attributes:
        policy: Rules of the collection.
        keyring: The keys.
    """

    policy: CollectionPolicy
    keyring: Keyring | None

    def seal_new(self, document: Row) -> Row:
        """Seal the values of a stamped document that is to be inserted, in place, and return it."""
        for name in self.policy.secrets & document.keys():
            value = _content(document[name])
            if isinstance(value, Mapping) and "withheld" in value:
                msg = f"{name} was not read, so it cannot be stored in a new {self.policy.model}"
                raise GuardRefusalError(msg)
            if value is None:
                document[name] = None
                continue
            identity = document.setdefault("_id", ObjectId())
            place = self._place(name, identity, document["created_by"])
            document[name] = self.seal(value, place) if isinstance(value, str) else self._in_place(value, place)
        return document

    def seal(self, text: str, place: Place) -> Row:
        """Return a new value as it is stored."""
        return self._keys.seal(text, place, searchable=place.field in self.policy.searchable)

    def seal_changes(self, fields: Mapping[str, Any], stored: Mapping[str, Any]) -> Row:
        """Return the fields of a `$set` with their secrets sealed; those that are not changed are left out.

        So a value that was encrypted anew since it was read is not overwritten with the old one.

        Args:
            fields: The fields.
            stored: The document, at least its id, owner and secrets.
        """
        changed: Row = {}
        for name, given in fields.items():
            value = _content(given) if name in self.policy.secrets else given
            if name not in self.policy.secrets or value is None:
                changed[name] = value
                continue
            place = self._place(name, stored["_id"], stored.get("created_by"))
            if isinstance(value, str):
                changed[name] = self.seal(value, place)
            else:
                self._in_place(value, place)
        return changed

    def is_unchanged(self, fields: Mapping[str, Any], identity: object, owner: UUID) -> bool:
        """Return whether all secrets among `fields` are stored ones of the document, if `owner` has made it."""
        for name in self.policy.secrets & fields.keys():
            value = _content(fields[name])
            if isinstance(value, str):
                return False
            if value is not None:
                try:
                    self._in_place(value, self._place(name, identity, owner))
                except GuardRefusalError:
                    return False
        return True

    def refuse_other_ways(self, update: Update, *, upsert: bool, many: bool) -> None:
        """Refuse updates that write to a secret field otherwise than as a whole, in one document.

        Raises:
            GuardRefusalError: It does.
        """
        if not isinstance(update, Mapping):
            self._refuse_stages(update)
            return
        for operator, fields in update.items():
            if not isinstance(fields, Mapping):
                continue
            if operator == "$rename":
                self._refuse_named([*fields, *fields.values()], operator)
            for name, value in fields.items():
                root, _, inner = str.__str__(name).partition(".")
                if root not in self.policy.secrets:
                    continue
                if inner or operator not in {*_SETTING, "$unset"}:
                    self._refuse_named(name, operator)
                if operator in _SETTING and (upsert or many) and _content(value) is not None:
                    msg = f"{root} is a secret: set it in one document that exists, not by an upsert or in many"
                    raise GuardRefusalError(msg)

    def _refuse_stages(self, stages: Sequence[Mapping[str, Any]]) -> None:
        for stage in stages:
            for names in stage.values():
                self._refuse_named(names, "a pipeline")
            self._refuse_expressions(stage)

    def _refuse_named(self, names: object, where: str) -> None:
        for name in [names] if isinstance(names, str) else names if isinstance(names, Iterable) else ():
            if str.__str__(name).partition(".")[0] in self.policy.secrets:
                msg = f"{name} is a secret, which {where} cannot change"
                raise GuardRefusalError(msg)

    def _refuse_expressions(self, value: object) -> None:
        if isinstance(value, Mapping):
            for inner in value.values():
                self._refuse_expressions(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                self._refuse_expressions(inner)
        elif isinstance(value, str) and value[:1] == "$":
            self._refuse_named(value.lstrip("$").removeprefix("ROOT.").removeprefix("CURRENT."), "an expression")

    def _in_place(self, sealed: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
        """Return a sealed value, if it belongs to its place.

        Raises:
            GuardRefusalError: It is of another document, field or owner.
        """
        if "withheld" not in sealed:
            try:
                self._keys.open(sealed, place)
            except SecretDamagedError:
                msg = f"a stored secret stays in its document; use the reveal of the other one to copy {place.field}"
                raise GuardRefusalError(msg) from None
            except SecretKeyMissingError:
                # It cannot be told, and it is not written.
                return sealed
        return sealed

    def _place(self, name: str, identity: object, owner: UUID | None) -> Place:
        return Place(self.policy.collection, name, owner, identity)

    @property
    def _keys(self) -> Keyring:
        if self.keyring is None:
            msg = f"{self.policy.model} has secrets, but the database was opened without keys"
            raise ConfigurationError(msg)
        return self.keyring


def sets_secret(policy: CollectionPolicy, update: Update) -> bool:
    """Return whether an update sets secret fields, to whatever value."""
    return isinstance(update, Mapping) and bool(policy.secrets & update.get("$set", {}).keys())


def _content(value: object) -> str | Mapping[str, Any] | None:
    """Return a new value as text, a stored one as the database gave it.

    Raises:
        InvalidInputError: It is neither.
    """
    if value is None:
        return None
    if isinstance(value, Secret):
        return value.sealed or value.get_secret_value()
    if isinstance(value, SecretStr | str):
        try:
            return Secret(value).get_secret_value()
        except ValueError as error:
            raise InvalidInputError(str(error)) from None
    if isinstance(value, Mapping) and is_sealed(value):
        return value
    msg = "a secret is a text"
    raise InvalidInputError(msg)
