"""Keeping on record who was shown which secret, and never the secret."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from webos.data.audit.entry import new_entry
from webos.data.audit.operations import REVEAL, REVEALED
from webos.data.stamp import current_stamp

if TYPE_CHECKING:
    from webos.data.audit.journal import Journal
    from webos.data.policy import CollectionPolicy

__all__ = ["note_revealed"]


async def note_revealed(journal: "Journal", policy: "CollectionPolicy", row: Mapping[str, Any], field: str) -> None:
    """Store that the acting user is shown a secret; returns when it is stored, in whatever transaction he is.

    It is kept also of models whose changes are not.

    Args:
        journal: The entries.
        policy: Rules of the collection.
        row: The document, with its id and revision.
        field: Stored name of the field.
    """
    revision = row.get("revision") or 0
    entry = new_entry(policy, REVEAL, (), current_stamp(), revision=revision, changes={field: {"secret": True}})
    await journal.note([{**entry, REVEALED: [row["_id"]]}])
