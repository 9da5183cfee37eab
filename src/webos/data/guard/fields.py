"""Fields that the acting user may not see or change, on every path: results, filters, sorts, groups and updates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webos.data.guard.grant_scope import GrantScope, current_grant
from webos.data.guard.names import WHOLE, expression_names, filter_names, listed_names, update_names
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy
from webos.data.rules.field_permission import FieldPermission
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import PermissionDeniedError

__all__ = [
    "FieldRights",
    "demand_new_fields",
    "demand_options",
    "demand_writable",
    "field_rights",
    "hidden_fields",
    "locked_fields",
    "unlocked",
]

Row = dict[str, Any]

_NONE: frozenset[str] = frozenset()
# Reads single elements of a list, as the name it stands under says.
_ELEMENTS = frozenset({"$slice", "$elemMatch"})
_NO_FIELD = "-"
_SELECTING = ("sort", "min", "max")


@dataclass(frozen=True, slots=True)
class FieldRights:
    """The limits of the acting user, or of a granted read, in one collection.

    Attributes:
        policy: Rules of the collection.
        hidden: Stored names of fields that he may not see.
        grant: The granted read that runs.
    """

    policy: CollectionPolicy
    hidden: frozenset[str]
    grant: GrantScope | None = None

    def shows(self, name: str) -> bool:
        """Return whether a top-level field may be read."""
        return name not in self.hidden and (self.grant is None or name in self.grant.fields)

    def demand(self, names: Iterable[str]) -> None:
        """Refuse what names a field that may not be read.

        Raises:
            PermissionDeniedError: One may not; the error names it.
        """
        for name in names:
            if name is WHOLE:
                msg = (
                    f"{WHOLE} of {self.policy.model} cannot be asked for, as some of its fields are hidden; name fields"
                )
                raise GuardRefusalError(msg)
            if name in self.hidden:
                raise _hidden_error(self.policy, name)
            if self.grant is not None and name not in self.grant.fields:
                raise self.grant.missing(name)

    def demand_options(self, options: Mapping[str, Any]) -> None:
        """Refuse options of a read that name such a field.

        Raises:
            PermissionDeniedError: One does.
        """
        for option in _SELECTING:
            self.demand(listed_names(options.get(option)))
        hint = options.get("hint")
        if isinstance(hint, str):
            if hint != "_id_":
                msg = f"an index of {self.policy.model} is named by its keys where fields are hidden, not as {hint!r}"
                raise GuardRefusalError(msg)
        else:
            self.demand(listed_names(hint))
        self.demand(expression_names(options.get("let")))

    def projection(self, projection: Any) -> Row:  # noqa: ANN401 - a mapping, names, or None
        """Return a projection without the fields that may not be read.

        Raises:
            PermissionDeniedError: An expression in it reads one.
        """
        asked = _as_mapping(projection)
        kept: Row = {}
        for name, value in asked.items():
            computed = not isinstance(value, (bool, int, float))
            elements = isinstance(value, Mapping) and not _ELEMENTS.isdisjoint(value)
            if computed and not elements:
                self.demand(expression_names(value))
                kept[name] = value
            elif self.shows(name.partition(".")[0]):
                kept[name] = value
        named = {name: value for name, value in asked.items() if name != "_id"}
        if any(_is_plain(value) and value for value in named.values()) or (not named and asked.get("_id")):
            return kept if kept.keys() - {"_id"} or kept.get("_id") else {**kept, _NO_FIELD: 1}
        if named and not any(_is_plain(value) or "$slice" in _keys(value) for value in named.values()):
            # These leave the rest out, which not all servers say of them if nothing else is named.
            return {**kept, _NO_FIELD: 1}
        return self._without(kept)

    def _without(self, kept: Row) -> Row:
        """Return a projection that leaves fields out, with the hidden ones left out as well."""
        if self.grant is None:
            return {**kept, **dict.fromkeys(sorted(self.hidden), 0)}
        if any("." in name or not _is_plain(value) for name, value in kept.items()):
            msg = f"name the fields of {self.policy.model} that you want, not those that you do not"
            raise GuardRefusalError(msg)
        shown = {
            name: 1 for name in sorted(self.grant.fields) if self.shows(name) and name not in kept and name != "_id"
        }
        return {**(shown or {_NO_FIELD: 1}), **({"_id": 0} if kept.get("_id", 1) == 0 else {})}

    def stages(self) -> list[Row]:
        """Return the stages that take the hidden fields out before any other stage sees them."""
        if self.grant is not None:
            return [{"$project": self._without({})}]
        return [{"$unset": sorted(self.hidden)}] if self.hidden else []

    def joined_stages(self, field: str) -> list[Row]:
        """Return the stages that do so in the documents that a stage has joined as `field`."""
        if self.grant is not None:
            msg = f"{self.policy.model} cannot be joined in a granted read"
            raise GuardRefusalError(msg)
        if not self.hidden:
            return []
        # Not every server takes fields out of the elements of a list by `$unset`.
        shown = {"$not": [{"$in": ["$$entry.k", sorted(self.hidden)]}]}
        entries = {"$filter": {"input": {"$objectToArray": "$$each"}, "as": "entry", "cond": shown}}
        return [
            {"$addFields": {field: {"$map": {"input": f"${field}", "as": "each", "in": {"$arrayToObject": entries}}}}}
        ]


def field_rights(policy: CollectionPolicy) -> FieldRights | None:
    """Return the limits that hold now, or None where all fields are open."""
    grant = current_grant()
    if grant is None and not policy.field_permissions:
        return None
    hidden = hidden_fields(policy)
    return FieldRights(policy, hidden, grant) if hidden or grant is not None else None


def demand_options(policy: CollectionPolicy, options: Mapping[str, Any]) -> None:
    """Refuse options of a write that name a field which whoever acts may not see: they tell which document is met.

    Raises:
        PermissionDeniedError: One does.
    """
    rights = field_rights(policy)
    if rights is not None:
        rights.demand_options(options)


def hidden_fields(policy: CollectionPolicy) -> frozenset[str]:
    """Return the stored names of the fields that whoever acts may not see."""
    if not policy.field_permissions or in_system_context():
        return _NONE
    user = acting_user()
    return frozenset(each.stored for each in policy.field_permissions if not each.may_read(user))


def locked_fields(policy: CollectionPolicy) -> frozenset[str]:
    """Return the stored names of the fields that whoever acts may not change."""
    return frozenset(each.stored for each in _locked(policy))


def demand_writable(policy: CollectionPolicy, update: object, query: Mapping[str, Any] | None = None) -> None:
    """Refuse an update of a field that whoever acts may not change, or that reads one he may not see.

    Args:
        policy: Rules of the collection.
        update: Update operators or a pipeline.
        query: The filter of an upsert, whose values go into a new document.

    Raises:
        PermissionDeniedError: It does; the error names the field.
    """
    if not policy.field_permissions or in_system_context():
        return
    written, read = update_names(update)
    written.update(filter_names(query))
    for each in _locked(policy):
        if each.stored in written:
            raise _locked_error(policy, each)
    rights = field_rights(policy)
    if rights is not None:
        rights.demand(read)


def demand_new_fields(policy: CollectionPolicy, document: Mapping[str, Any]) -> None:
    """Refuse a new document with a value in a field that whoever acts may not change; its default is none.

    Raises:
        PermissionDeniedError: It has one; the error names the field.
    """
    for each in _locked(policy):
        if each.stored in document and not each.is_default(document[each.stored]):
            raise _locked_error(policy, each)


def unlocked(policy: CollectionPolicy, replacement: Row) -> tuple[Row, frozenset[str]]:
    """Return what a replacement may set, and the fields it must leave alone.

    Raises:
        PermissionDeniedError: It sets a field that whoever acts may not change.
    """
    demand_new_fields(policy, replacement)
    left = locked_fields(policy)
    return ({name: value for name, value in replacement.items() if name not in left} if left else replacement), left


def _locked(policy: CollectionPolicy) -> Iterator[FieldPermission]:
    if not policy.field_permissions or in_system_context():
        return
    user = acting_user()
    for each in policy.field_permissions:
        if not each.may_write(user):
            yield each


def _hidden_error(policy: CollectionPolicy, stored: str) -> PermissionDeniedError:
    each = next(each for each in policy.field_permissions if each.stored == stored)
    msg = f"{acting_user().username} may not see {policy.model}.{each.field} without {each.read}"
    text = f"You need the permission “{each.read}” to see “{each.field}”."
    return PermissionDeniedError(msg, user_message=text, fields={each.field: text})


def _locked_error(policy: CollectionPolicy, each: FieldPermission) -> PermissionDeniedError:
    user = acting_user()
    if not each.may_read(user):
        return _hidden_error(policy, each.stored)
    msg = f"{user.username} may not change {policy.model}.{each.field} without {each.write}"
    text = f"You need the permission “{each.write}” to change “{each.field}”."
    return PermissionDeniedError(msg, user_message=text, fields={each.field: text})


def _as_mapping(projection: Any) -> Row:  # noqa: ANN401 - as the driver takes it
    if not projection:
        return {}
    if isinstance(projection, Mapping):
        return {str.__str__(name): value for name, value in projection.items()}
    if isinstance(projection, str) or not isinstance(projection, (Sequence, set, frozenset)):
        msg = "a projection is a mapping or a list of fields"
        raise GuardRefusalError(msg)
    return {str.__str__(name): 1 for name in projection}


def _is_plain(value: object) -> bool:
    return isinstance(value, (bool, int, float))


def _keys(value: object) -> Iterable[str]:
    return value.keys() if isinstance(value, Mapping) else ()
