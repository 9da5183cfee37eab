"""One entry of the journal: what is kept of a change."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import bson
from bson import ObjectId
from bson.raw_bson import RawBSONDocument

from webos.data.audit.change_set import current_change_set
from webos.data.audit.forecast import UNKNOWN
from webos.data.audit.sameness import ABSENT, is_same
from webos.data.policy import PROTECTED_FIELDS, CollectionPolicy
from webos.data.scope import acting_user
from webos.data.stamp import Stamp
from webos.kernel.context import current_trace_id

if TYPE_CHECKING:
    from bson import CodecOptions

__all__ = ["bounded", "describe_changes", "new_entry"]

Row = dict[str, Any]

_MOST_BYTES = 2 * 1024 * 1024
"""Size of what an entry keeps of a document's values; the database takes 16 MB as a whole."""
_LARGE = 64 * 1024
_NOT_KEPT = PROTECTED_FIELDS | {"_id"}


def new_entry(
    policy: CollectionPolicy,
    operation: str,
    identities: Sequence[Any],
    stamp: Stamp,
    *,
    revision: int,
    before: Mapping[str, Any] | None = None,
    changes: Mapping[str, Row] | None = None,
) -> Row:
    """Return an entry.

    Args:
        policy: Rules of the collection.
        operation: `insert`, `update`, `delete`, `restore` or `purge`.
        identities: The documents, all of which are changed alike.
        stamp: The stamp that they get.
        revision: The revision that they get.
        before: A document before the change, at least its stamps.
        changes: What `describe_changes` says.
    """
    group = current_change_set()
    entry: Row = {
        "_id": ObjectId(),
        "collection": policy.collection,
        "model": policy.model,
        "operation": operation,
        "documents": list(identities),
        "revision": revision,
        "at": stamp.at,
        "by": stamp.by,
        "username": acting_user().username,
        "trace_id": current_trace_id(),
        "change_set": group.id,
    }
    if group.label:
        entry["label"] = group.label
    if before is not None:
        entry["before_at"] = before.get("updated_at")
        entry["before_by"] = before.get("updated_by")
    if changes:
        entry["changes"] = dict(changes)
    return entry


def describe_changes(
    policy: CollectionPolicy, before: Mapping[str, Any], after: Mapping[str, Any], codec: "CodecOptions[Any]"
) -> dict[str, Row]:
    """Return what is kept of changed fields: by field, `old` and `new`.

    A value that is missing there is not in the document, either. Of a secret field only is kept that it changed.

    Args:
        policy: Rules of the collection.
        before: What is stored.
        after: New values by field; `ABSENT` for a field that goes, `UNKNOWN` where only the server can tell.
        codec: How the collection stores values.
    """
    changes: dict[str, Row] = {}
    secrets = policy.secrets
    for field, new in after.items():
        if field in _NOT_KEPT:
            continue
        old = before.get(field, ABSENT)
        if new is not UNKNOWN and is_same(old, new, codec):
            continue
        if field in secrets:
            changes[field] = {"secret": True}
            continue
        change: Row = {}
        if old is not ABSENT:
            change["old"] = old
        if new is UNKNOWN:
            change["unknown"] = True
        elif new is not ABSENT:
            change["new"] = new
        changes[field] = change
    return changes


def bounded(entry: Row, codec: "CodecOptions[Any]") -> RawBSONDocument:
    """Return the entry as it is stored; if it is too big, without its biggest values, which are marked as `cut`."""
    encoded = bson.encode(entry, codec_options=codec)
    if len(encoded) <= _MOST_BYTES:
        return RawBSONDocument(encoded)
    changes: dict[str, Row] = {}
    for field, change in entry.get("changes", {}).items():
        size = len(bson.encode(change, codec_options=codec))
        changes[field] = {"cut": True} if size > _LARGE else change
    return RawBSONDocument(bson.encode({**entry, "changes": changes}, codec_options=codec))
