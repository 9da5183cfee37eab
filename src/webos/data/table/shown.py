"""The columns of a table as the acting user has them: without hidden fields, and closed where he may not write."""

from dataclasses import replace
from typing import Any

from webos.data.document import CoreDocument
from webos.data.guard.fields import hidden_fields, locked_fields
from webos.data.policy import CollectionPolicy
from webos.data.rules.declared import declared_field_permissions
from webos.data.scope import in_system_context
from webos.data.table.columns import Column, columns_of
from webos.kernel.context import current_user

__all__ = ["closed_fields", "policy_of", "shown_columns"]


def shown_columns(document: type[CoreDocument]) -> tuple[Column, ...]:
    """Return the columns of a document class that the acting user sees."""
    columns = columns_of(document)
    policy = policy_of(document)
    if not policy.field_permissions:
        return columns
    hidden, locked = hidden_fields(policy), locked_fields(policy)
    return tuple(replace(column, locked=column.stored in locked) for column in columns if column.stored not in hidden)


def policy_of(document: type[CoreDocument]) -> CollectionPolicy:
    """Return the rules of the collection of a document class."""
    collection: Any = document.get_pymongo_collection()
    policy: CollectionPolicy = collection.policy
    return policy


def closed_fields(document: type[CoreDocument]) -> frozenset[str]:
    """Return the names of the fields that the acting user may not fill in."""
    permissions = declared_field_permissions(document)
    if not permissions or in_system_context():
        return frozenset()
    user = current_user()
    return frozenset(each.field for each in permissions if not each.may_write(user))
