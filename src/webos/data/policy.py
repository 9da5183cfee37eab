"""What the guard enforces for one collection."""

from dataclasses import dataclass

from webos.data.rules.field_permission import FieldPermission
from webos.data.rules.rule_set import NO_RULES, RuleSet

__all__ = ["PROTECTED_FIELDS", "CollectionPolicy"]

PROTECTED_FIELDS = frozenset({"created_at", "created_by", "updated_at", "updated_by", "deleted_at", "revision"})
"""Fields that only the guard writes."""


@dataclass(frozen=True, slots=True)
class CollectionPolicy:
    """The rules for one collection.

    Attributes:
        collection: Name of the collection.
        model: Name of the model, `module.Class`.
        owned: Whether a user reaches only what he created, unless he is a superuser.
        fields: Stored names of the model's fields, for replacing whole documents.
        decimals: Whether its documents may hold decimal numbers.
        audited: Whether each change leaves an entry in the journal.
        secrets: Stored names of fields whose values must never be shown.
        searchable: Those of them that can be found by their exact value.
        write_permission: What changing through a generic door needs; any signed-in user where None.
        read_permission: What reading through a generic door needs; any signed-in user where None.
        rules: Which of its documents a user reaches; all where there are none.
        field_permissions: Which of its fields need a permission of their own.
    """

    collection: str
    model: str
    owned: bool = False
    fields: frozenset[str] = frozenset()
    decimals: bool = True
    audited: bool = True
    secrets: frozenset[str] = frozenset()
    searchable: frozenset[str] = frozenset()
    write_permission: str | None = None
    read_permission: str | None = None
    rules: RuleSet = NO_RULES
    field_permissions: tuple[FieldPermission, ...] = ()
