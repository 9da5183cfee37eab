"""The guard's writes, with their secrets sealed before anything else looks at them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pymongo import InsertOne, ReplaceOne, UpdateMany, UpdateOne

from webos.data.guard.updates import stamp_insert
from webos.data.scope import acting_user
from webos.data.secret.sealing import Sealer, sets_secret

if TYPE_CHECKING:
    from webos.data.guard.writing import WritingMethods

__all__ = ["refuse_secrets", "seal_document", "seal_operation", "seal_replacement", "seal_update"]

Row = dict[str, Any]
Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def seal_document(collection: "WritingMethods", stamped: Row) -> Row:
    """Return a stamped document that is to be inserted, with its secrets sealed."""
    return _sealer(collection).seal_new(stamped) if collection.policy.secrets else stamped


async def seal_update(
    collection: "WritingMethods",
    query: Row,
    update: Update,
    options: Mapping[str, Any],
    *,
    upsert: bool = False,
    many: bool = False,
) -> tuple[Row, Update]:
    """Return filter and update with the secrets sealed; those that are not changed are left out.

    Where a new value is set, the document is read first, for the value is bound to it, and named in the filter.

    Args:
        collection: The guarded collection.
        query: The filter, under the rules of the collection.
        update: The update, before its stamps.
        options: The driver's.
        upsert: Whether a document may be made.
        many: Whether several documents may be changed.

    Raises:
        GuardRefusalError: A secret is changed otherwise than as a whole, in one document.
    """
    policy = collection.policy
    if not policy.secrets:
        return query, update
    sealer = _sealer(collection)
    sealer.refuse_other_ways(update, upsert=upsert, many=many)
    if not sets_secret(policy, update) or not isinstance(update, Mapping):
        return query, update
    fields = {str.__str__(name): value for name, value in update["$set"].items()}
    if all(fields[name] is None for name in policy.secrets & fields.keys()):
        return query, update
    identity = query.get("_id")
    if identity is not None and not isinstance(identity, Mapping):
        # Mostly a document is saved by who has made it, with the secrets that it had.
        owner = acting_user().id
        if sealer.is_unchanged(fields, identity, owner):
            return query, {**update, "$set": sealer.seal_changes(fields, {"_id": identity, "created_by": owner})}
    stored = await _read(collection, query, options)
    if stored is None:
        # Nothing will match; if by then something does, it is not given what is not sealed.
        return query, {**update, "$set": {name: fields[name] for name in fields.keys() - policy.secrets}}
    return {**query, "_id": stored["_id"]}, {**update, "$set": sealer.seal_changes(fields, stored)}


async def seal_replacement(
    collection: "WritingMethods", query: Row, replacement: Mapping[str, Any], options: Mapping[str, Any]
) -> Row:
    """Return a replacement with its secrets sealed; those that are not changed become what is stored.

    Args:
        collection: The guarded collection.
        query: The filter, under the rules of the collection.
        replacement: The new fields.
        options: The driver's.

    Raises:
        GuardRefusalError: A stored secret of another document is among them.
    """
    policy = collection.policy
    given = {str.__str__(name): value for name, value in replacement.items()}
    names = policy.secrets & given.keys()
    if not names:
        return given
    stored = await _read(collection, query, options) or {}
    kept = {name: value for name, value in given.items() if name not in names}
    if "_id" not in stored:
        return kept
    secrets = _sealer(collection).seal_changes({name: given[name] for name in names}, stored)
    return {**kept, **{name: stored.get(name) for name in names}, **secrets}


async def seal_operation(collection: "WritingMethods", operation: Any, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any write of the driver
    """Return an operation of a bulk write with the secrets sealed.

    Raises:
        GuardRefusalError: As for single writes.
    """
    # The driver has no public accessors for what an operation holds.
    if isinstance(operation, InsertOne):
        document = dict(operation._doc)  # noqa: SLF001
        owner = stamp_insert(collection.policy, document)["created_by"]
        sealed = _sealer(collection).seal_new({**document, "created_by": owner})
        return InsertOne(sealed)
    if not isinstance(operation, (UpdateOne, UpdateMany, ReplaceOne)):
        return operation
    query: Mapping[str, Any] = operation._filter  # noqa: SLF001
    own: Row = {"collation": operation._collation, "hint": operation._hint}  # noqa: SLF001
    reading = {**options, **{name: value for name, value in own.items() if value is not None}}
    upsert = bool(operation._upsert)  # noqa: SLF001
    restricted = collection.restrict_write(query, upsert=False)
    if isinstance(operation, ReplaceOne):
        replacement = await seal_replacement(collection, restricted, operation._doc, reading)  # noqa: SLF001
        return ReplaceOne(query, replacement, upsert, **own)
    many = isinstance(operation, UpdateMany)
    found, update = await seal_update(collection, restricted, operation._doc, reading, upsert=upsert, many=many)  # noqa: SLF001
    if found is not restricted:
        query = {**query, "_id": found["_id"]}
    own["array_filters"] = operation._array_filters  # noqa: SLF001
    return (UpdateMany if many else UpdateOne)(query, update, upsert, **own)


def refuse_secrets(collection: "WritingMethods", update: Update) -> None:
    """Refuse an update that sets a secret, for writes of many documents, which cannot seal it.

    Raises:
        GuardRefusalError: It sets one.
    """
    if collection.policy.secrets:
        _sealer(collection).refuse_other_ways(update, upsert=False, many=True)


async def _read(collection: "WritingMethods", query: Row, options: Mapping[str, Any]) -> Row | None:
    reading = {name: options[name] for name in ("session", "collation", "hint", "sort", "let") if name in options}
    fields = dict.fromkeys(("_id", "created_by", *collection.policy.secrets), 1)
    return await collection._raw.find_one(query, fields, **reading)  # noqa: SLF001 - a part of the guard


def _sealer(collection: "WritingMethods") -> Sealer:
    return Sealer(collection.policy, collection.database.keyring)
