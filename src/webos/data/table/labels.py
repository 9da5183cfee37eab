"""The labels of linked documents, so that a link shows a name instead of an id."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from webos.data.changes import Change, ChangeHub
from webos.data.document import CoreDocument
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.table.columns import label_field, stored_name
from webos.data.table.shown import policy_of
from webos.kernel.context import current_user

__all__ = ["LabelReader", "label_text"]

_MAX_LABELS = 50_000


class LabelReader:
    """Reads labels in one query for a block of rows and remembers those that everybody may see.

    Labels of documents with rules, and such that are a protected field, are read each time, under the rights of whoever asks.

    Args:
        models: The document classes.
        changes: Tells when a label may have changed.
    """

    def __init__(self, models: ModelRegistry, changes: ChangeHub) -> None:
        self._models = models
        self._changes = changes
        self._kept: OrderedDict[tuple[str, Any], str] = OrderedDict()
        self._changes_seen: dict[str, int] = {}

    async def read(self, target: type[CoreDocument], identities: Iterable[Any]) -> dict[Any, str]:
        """Return the labels of the documents that exist and that the acting user may read."""
        info = self._models.of(target)
        wanted = set(identities)
        if not wanted or not info.may_read(current_user()):
            return {}
        labels = {identity: self._kept[key] for identity in wanted if (key := (info.name, identity)) in self._kept}
        missing = wanted - labels.keys()
        if missing:
            seen = self._watch(info)
            fresh = await _read(target, missing)
            labels.update(fresh)
            # What was read while something changed may be old already.
            if _is_for_all(target) and self._changes_seen[info.name] == seen:
                self._keep(info, fresh)
        return labels

    def _watch(self, info: ModelInfo) -> int:
        """Return how many changes of the model were seen so far, from now on every one."""
        if info.name not in self._changes_seen:
            self._changes_seen[info.name] = 0
            self._changes.listen(info.collection, lambda change: self._forget(info.name, change))
        return self._changes_seen[info.name]

    def _keep(self, info: ModelInfo, labels: dict[Any, str]) -> None:
        for identity, label in labels.items():
            self._kept[(info.name, identity)] = label
        while len(self._kept) > _MAX_LABELS:
            self._kept.popitem(last=False)

    def _forget(self, model: str, change: Change) -> None:
        self._changes_seen[model] += 1
        if change.document_id is not None:
            self._kept.pop((model, change.document_id), None)
            return
        for key in [key for key in self._kept if key[0] == model]:
            del self._kept[key]


def _is_for_all(target: type[CoreDocument]) -> bool:
    """Return whether everybody who may read the model gets the same label."""
    policy, name = policy_of(target), label_field(target)
    return not policy.rules and all(each.field != name for each in policy.field_permissions)


async def _read(target: type[CoreDocument], identities: set[Any]) -> dict[Any, str]:
    name = label_field(target)
    if name is None:
        return {identity: str(identity) for identity in identities}
    stored = stored_name(target, name)
    cursor = target.get_pymongo_collection().find({"_id": {"$in": list(identities)}}, {stored: 1})
    return {row["_id"]: label_text(row.get(stored)) async for row in cursor}


def label_text(value: object) -> str:
    """Return the value of a label's field as people read it."""
    return "" if value is None else str(value)
