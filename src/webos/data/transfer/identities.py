"""The ids of the documents that an import makes: each follows from the import and the row.

So a row that was stored before its process was killed meets its own id when it is tried again.
"""

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from beanie import PydanticObjectId
from bson import ObjectId

from webos.data.document import CoreDocument
from webos.data.transfer.options import ImportMode, ImportOptions
from webos.kernel.errors import InvalidInputError

__all__ = ["identity_maker"]

_NAME = "urn:webos:import:"
_FIRST_BYTES = 4


def identity_maker(
    model: type[CoreDocument], import_id: ObjectId, options: ImportOptions, given: set[str]
) -> Callable[[int], Any] | None:
    """Return what makes an id of the number of a row; None where the file brings the ids.

    Args:
        model: The class of the documents.
        import_id: Id of the import.
        options: What the import does.
        given: Fields that the file has.

    Raises:
        InvalidInputError: The ids of the model are of a kind that cannot be made, and the file has none.
    """
    kind: Any = model.model_fields["id"].annotation
    for known, maker in _MAKERS:
        if kind == known or kind == (known | None):
            return lambda row: maker(import_id, row)
    if "id" in given or options.mode is ImportMode.UPDATE:
        return None
    msg = "New records need ids of this model's own kind, and no column has them."
    raise InvalidInputError(msg, fields={"id": msg})


def _object_id(import_id: ObjectId, row: int) -> PydanticObjectId:
    # The time first, as ever, so that they come in the order of the file and after older documents.
    digest = uuid5(NAMESPACE_URL, f"{_NAME}{import_id}").bytes[:_FIRST_BYTES]
    return PydanticObjectId(import_id.binary[:_FIRST_BYTES] + digest + row.to_bytes(_FIRST_BYTES, "big"))


def _uuid(import_id: ObjectId, row: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"{_NAME}{import_id}/{row}")


_MAKERS: tuple[tuple[Any, Callable[[ObjectId, int], Any]], ...] = ((PydanticObjectId, _object_id), (UUID, _uuid))
