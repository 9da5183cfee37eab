"""What a document holds in protected fields only because it was read so, and not because somebody has set it."""

from typing import TYPE_CHECKING, Any

from webos.data.audit.sameness import ABSENT, is_same
from webos.data.guard.fields import locked_fields
from webos.data.loaded import loaded_state

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = ["without_untouched"]


def without_untouched(document: "CoreDocument", fields: dict[str, Any]) -> dict[str, Any]:
    """Return the stored form of a document without what nobody has set in fields with a permission of their own.

    A field that whoever read the document could not see holds a default: to write that would erase what is stored.
    One that he may not change is left out as long as it is as it was read.

    Args:
        document: The document.
        fields: Its fields by their stored names.
    """
    collection: Any = document.get_pymongo_collection()
    if not collection.policy.field_permissions:
        return fields
    base = loaded_state(document) or {}
    locked = locked_fields(collection.policy)
    left_out: set[str] = set()
    for each in collection.policy.field_permissions:
        value, read = fields.get(each.stored, ABSENT), base.get(each.stored, ABSENT)
        is_default = read is ABSENT and each.field not in document.model_fields_set
        # A list that was changed in place is no default any more.
        if (is_default and (each.is_default(value) or not each.defaults)) or (
            each.stored in locked and is_same(read, value, collection.database.journal.codec)
        ):
            left_out.add(each.stored)
    return {name: value for name, value in fields.items() if name not in left_out}
