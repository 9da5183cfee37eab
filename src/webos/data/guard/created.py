"""What a user may make: new documents under the rules of their collection."""

from collections.abc import Mapping
from typing import Any

from webos.data.guard.fields import demand_new_fields
from webos.data.guard.grant_scope import demand_no_grant
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy
from webos.data.rules.rule import CREATE
from webos.data.scope import acting_user, in_system_context
from webos.kernel.errors import NotSignedInError, PermissionDeniedError

__all__ = ["demand_creatable", "demand_upsert", "unwritable_error"]


def demand_creatable(policy: CollectionPolicy, document: Mapping[str, Any]) -> None:
    """Refuse a new document that no rule grants, or that sets what its author may not set.

    Args:
        policy: Rules of the collection.
        document: The document with its stamps.

    Raises:
        NotSignedInError: The author is a visitor, and visitors may make none.
        PermissionDeniedError: No rule grants it, or it sets a field that its author may not change.
    """
    demand_no_grant(policy)
    if in_system_context():
        return
    demand_new_fields(policy, document)
    user = acting_user()
    if not policy.rules.restricts(CREATE) or user.is_superuser:
        return
    if policy.rules.granting(user, CREATE, document) is None:
        if not user.is_authenticated:
            raise NotSignedInError
        msg = f"no rule grants {user.username} to create this {policy.model}"
        raise PermissionDeniedError(msg, user_message="You may not create an entry like this.")


def demand_upsert(policy: CollectionPolicy) -> None:
    """Refuse an upsert where new documents have to be checked: the server would make one that nobody has seen.

    Raises:
        GuardRefusalError: They have to.
    """
    if policy.rules.restricts(CREATE) and not in_system_context() and not acting_user().is_superuser:
        msg = f"an upsert cannot be checked against the rules for new documents of {policy.model}; insert it"
        raise GuardRefusalError(msg)


def unwritable_error(policy: CollectionPolicy) -> PermissionDeniedError:
    """Return the error for a change of a document that the acting user may see, but not change."""
    msg = f"no rule grants {acting_user().username} to change this {policy.model}"
    return PermissionDeniedError(msg, user_message="You may look at this, but not change it.")
