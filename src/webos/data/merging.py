"""Saving a document that somebody else has changed meanwhile: what does not overlap is merged."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bson.decimal128 import Decimal128
from pydantic import ValidationError
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from webos.data.audit.sameness import ABSENT, is_same
from webos.data.conflicts import EditConflictError, FieldConflict, changed_error, taken_error
from webos.data.fetching import take_over
from webos.data.loaded import difference, field_names, loaded_state, read_document, set_loaded
from webos.data.stamp import Stamp
from webos.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = ["save_changes"]

Row = dict[str, Any]

_ATTEMPTS = 20
_DOES_NOT_FIT = (
    "Somebody else changed this in the meantime, and your change does not fit that. Load it again and repeat it."
)


async def save_changes(
    document: "CoreDocument",
    base: Row,
    *,
    session: AsyncClientSession | None,
    **options: Any,  # noqa: ANN401 - the driver's
) -> None:
    """Write what differs from what was read; on top of what others have changed since, if these are other fields.

    Args:
        document: The document; it gets the stamps, and what the others have changed.
        base: What was stored when it was read.
        session: For a transaction.
        options: The driver's.

    Raises:
        EditConflictError: Somebody else changed one of the fields, or the fields do not fit together any more.
        ConflictError: A value that must be unique is taken, or it is changed all the time.
        NotFoundError: It does not exist any more.
        PermissionDeniedError: The acting user may see it, but not change it.
    """
    collection: Any = document.get_pymongo_collection()
    codec = collection.database.journal.codec
    for _ in range(_ATTEMPTS):
        changed, gone = difference(document, base, codec)
        update: Row = {"$set": changed, **({"$unset": dict.fromkeys(gone, "")} if gone else {})}
        with collection.stamp_change() as stamp:
            try:
                result = await collection.update_loaded(base, update, session=session, **options)
            except DuplicateKeyError as error:
                raise taken_error(type(document).__name__, error) from None
            if result.matched_count:
                _note_written(document, {**base, **changed}, gone, stamp)
                return
        await collection.explain_miss({"_id": document.id}, session)
        theirs = await collection.find_one(document.id, session=session)
        if theirs is None:
            msg = f"no such {type(document).__name__}"
            raise NotFoundError(msg)
        _merge(document, base, theirs, {**changed, **dict.fromkeys(gone, ABSENT)})
        base = loaded_state(document) or theirs
    msg = f"{type(document).__name__} is changed all the time"
    raise changed_error(msg)


def _note_written(document: "CoreDocument", stored: Row, gone: list[str], stamp: Stamp) -> None:
    document.updated_at, document.updated_by = stamp.at, stamp.by
    document.revision += 1
    stamps = {"updated_at": stamp.at, "updated_by": stamp.by, "revision": document.revision}
    set_loaded(document, {name: value for name, value in {**stored, **stamps}.items() if name not in gone})


def _merge(document: "CoreDocument", base: Mapping[str, Any], theirs: Row, mine: Row) -> None:
    """Bring a document to what others have stored, with its own changes on top.

    Args:
        document: The document.
        base: What was stored when it was read.
        theirs: What is stored now.
        mine: Its changed fields; `ABSENT` for those that go.

    Raises:
        EditConflictError: They have changed the same fields, or the fields do not fit together any more.
    """
    model = type(document)
    collection: Any = document.get_pymongo_collection()
    codec = collection.database.journal.codec
    three = {name: (value, theirs.get(name, ABSENT), base.get(name, ABSENT)) for name, value in mine.items()}
    overlap = {
        name
        for name, (my, their, old) in three.items()
        if not is_same(their, old, codec) and not (is_same(their, my, codec) and _is_agreement(my))
    }
    message = f"{model.__name__} was changed since revision {base.get('revision')} was read"
    names = field_names(model)
    shown = {name: _conflict(*values) for name, values in three.items() if name not in collection.policy.secrets}
    if overlap:
        conflicts = {names.get(name, name): each for name, each in shown.items() if name in overlap}
        raise EditConflictError(message, conflicts=conflicts)
    row = {name: value for name, value in {**theirs, **mine}.items() if value is not ABSENT}
    try:
        merged = read_document(model, row)
    except ValidationError:
        conflicts = {names.get(name, name): each for name, each in shown.items()}
        raise EditConflictError(message, conflicts=conflicts, user_message=_DOES_NOT_FIT) from None
    take_over(document, merged)
    set_loaded(document, theirs)


def _is_agreement(value: object) -> bool:
    """Return whether two people who set a field to this value mean the same.

    Of two who count one up, or add to a list, one would be lost.
    """
    return isinstance(value, bool) or not isinstance(value, (int, float, Decimal, Decimal128, Mapping, list))


def _conflict(mine: object, theirs: object, base: object) -> FieldConflict:
    return FieldConflict(*(None if value is ABSENT else value for value in (mine, theirs, base)))
