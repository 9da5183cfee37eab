"""Storing a document for the first time."""

from typing import TYPE_CHECKING, Any

from beanie import PydanticObjectId
from beanie.odm.actions import ActionDirections, EventTypes
from beanie.odm.fields import WriteRules
from beanie.odm.utils.dump import get_dict
from beanie.odm.utils.pydantic import parse_object_as
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from webos.data.conflicts import taken_error
from webos.data.fetching import fetched_links
from webos.data.loaded import set_loaded
from webos.data.policy import PROTECTED_FIELDS
from webos.data.stamp import stamping
from webos.data.writing import Skipped, act, has_plain_id, mark

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = ["insert_new"]


async def insert_new(
    document: "CoreDocument", *, session: AsyncClientSession | None, link_rule: WriteRules, skipped: Skipped
) -> None:
    """Store a document for the first time; where that fails, it is as it was.

    Args:
        document: The document.
        session: For a transaction.
        link_rule: Whether to save the linked documents first.
        skipped: Event actions to leave out.

    Raises:
        ConflictError: A value that must be unique is taken.
    """
    with stamping() as stamp:
        before = {name: getattr(document, name) for name in ("id", *PROTECTED_FIELDS)}
        if document.id is None and has_plain_id(document):
            # Else Beanie builds a validator for the id that the driver made, for each document anew.
            document.id = PydanticObjectId()
        document.created_at, document.created_by, document.deleted_at, document.revision = stamp.at, stamp.by, None, 0
        mark(document, stamp)
        untyped: Any = document
        try:
            await untyped.validate_self()
            await act(document, EventTypes.INSERT, ActionDirections.BEFORE, skipped)
            await _store(document, session, link_rule)
            await act(document, EventTypes.INSERT, ActionDirections.AFTER, skipped)
        except BaseException as error:
            for name, value in before.items():
                setattr(document, name, value)
            set_loaded(document, None)
            if isinstance(error, DuplicateKeyError):
                raise taken_error(type(document).__name__, error) from None
            raise


async def _store(document: "CoreDocument", session: AsyncClientSession | None, link_rule: WriteRules) -> None:
    if link_rule is WriteRules.WRITE:
        for linked in fetched_links(document):
            await linked.save(link_rule=link_rule, session=session)
    row: dict[str, Any] = get_dict(document, to_db=True, keep_nulls=document.get_settings().keep_nulls)
    result = await document.get_pymongo_collection().insert_one(row, session=session)
    if document.id is None:
        document.id = parse_object_as(type(document).model_fields["id"].annotation, result.inserted_id)
    set_loaded(document, {**row, "_id": result.inserted_id})
    if document.use_state_management():
        untyped: Any = document
        untyped._save_state()  # noqa: SLF001 - as Beanie does
