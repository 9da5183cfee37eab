"""An entry and the change of one document in one request, on servers that take both.

The server does one after the other, so the entry is ahead of the change here as well. What is out of the ordinary, such
as a refusal, a big document or a lost answer, is left to the two requests that do the same on every server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bson
from bson.raw_bson import RawBSONDocument
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError, WriteConcernError

from webos.data.audit.entry import bounded

if TYPE_CHECKING:
    from webos.data.guard.writing import WritingMethods

__all__ = ["Sent", "send_together"]

Row = dict[str, Any]

# The request must stay below what a server takes at once, and is one document.
_MOST_BYTES = 4 * 1024 * 1024
_ENTRY, _CHANGE = 0, 1


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an entry and its change.

    Attributes:
        met: How many documents the change has met; None where it is not made, or not known to be.
        modified: How many of them it has changed.
        in_doubt: Whether the change may have been made although `met` is None, for the answer was lost.
    """

    met: int | None = None
    modified: int = 0
    in_doubt: bool = False


async def send_together(
    collection: "WritingMethods", entry: Row, operation: Mapping[str, Any], options: Mapping[str, Any]
) -> Sent:
    """Store an entry, and make its change if that can go with it. In any case the entry is stored afterwards.

    Args:
        collection: The guarded collection.
        entry: The entry.
        operation: The change as the command `bulkWrite` takes it; its first value, the collection, is filled in.
        options: The driver's.

    Raises:
        WriteConcernError: The change is made, and not as safe as it was asked for.
    """
    journal, session = collection.database.journal, options.get("session")
    usual = all(name == "session" or value is None for name, value in options.items())
    in_transaction = session is not None and session.in_transaction
    if not usual or in_transaction or journal.busy or not collection.database.traits.writes_across_collections:
        await journal.note([entry], session)
        return Sent()
    raw = collection._raw  # noqa: SLF001 - a part of the guard
    kind = next(iter(operation))
    change = bson.encode({**operation, kind: _CHANGE}, codec_options=raw.codec_options)
    encoded = bounded(entry, journal.codec)
    if len(change) + len(encoded.raw) > _MOST_BYTES:
        await journal.note([entry], session)
        return Sent()
    command: Row = {
        "bulkWrite": 1,
        "ops": [{"insert": _ENTRY, "document": encoded}, RawBSONDocument(change)],
        "nsInfo": [{"ns": journal.entries.full_name}, {"ns": raw.full_name}],
        "ordered": True,
        "errorsOnly": True,
    }
    if not raw.write_concern.is_server_default:
        command["writeConcern"] = raw.write_concern.document
    try:
        with journal.alone():
            answer = await raw.database.client.admin.command(command, session=session)
    except ServerSelectionTimeoutError:
        raise
    except (AutoReconnect, OperationFailure):
        await journal.note_again(entry, session)
        return Sent(in_doubt=True)
    if "writeConcernError" in answer:
        error = answer["writeConcernError"]
        raise WriteConcernError(str(error.get("errmsg", "")), error.get("code"), error)
    if answer["nErrors"]:
        if not answer["nInserted"]:
            await journal.note([entry], session)
        # The driver's own method meets the refusal again, and words it as its callers know it.
        return Sent()
    return Sent(answer["nInserted"] - 1 + answer["nMatched"], answer["nModified"])
