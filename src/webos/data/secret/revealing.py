"""Opening a secret of a document under the rights of the acting user."""

from typing import TYPE_CHECKING, Any

from loguru import logger

from webos.data.audit.reveals import note_revealed
from webos.data.secret.keyring import Keyring
from webos.data.secret.place import Place
from webos.data.secret.value import Secret, is_sealed
from webos.kernel.context import demand_own_hand
from webos.kernel.errors import ConfigurationError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = ["equality_filter", "reveal"]


async def reveal(document: "CoreDocument", field: str) -> str | None:
    """Return the text of a secret field; None where it is empty.

    What is stored is read anew, as the acting user may read it now, and an entry is left in the record.

    Args:
        document: The document.
        field: Name of the field.

    Raises:
        ViewOnlyError: Somebody else looks at the system as the acting user.
        InvalidInputError: The field is no secret.
        NotFoundError: The document does not exist, at least for the acting user.
        SecretKeyMissingError: The key is missing.
        SecretDamagedError: The value was changed, or belongs to another place.
    """
    demand_own_hand()
    collection, stored, keyring = _parts(type(document), field)
    value = getattr(document, field)
    if isinstance(value, Secret) and value.sealed is None:
        return value.get_secret_value()
    row = await collection.find_one({"_id": document.id}, {stored: 1, "created_by": 1, "revision": 1})
    if row is None:
        msg = f"no such {type(document).__name__}"
        raise NotFoundError(msg)
    sealed = row.get(stored)
    if sealed is None:
        return None
    if not is_sealed(sealed):
        msg = f"{collection.name}.{stored} of {document.id} is not encrypted; store it again"
        raise ConfigurationError(msg)
    text = keyring.open(sealed, Place(collection.name, stored, row.get("created_by"), row["_id"]))
    # Nobody gets the text before it is on record that he did.
    await note_revealed(collection.database.journal, collection.policy, row, stored)
    logger.info("{}.{} of {} was revealed", collection.policy.model, field, document.id)
    return text


def equality_filter(model: "type[CoreDocument]", field: str, text: str) -> dict[str, Any]:
    """Return the filter for documents whose searchable secret is `text`.

    Raises:
        InvalidInputError: The field is no searchable secret.
    """
    collection, stored, keyring = _parts(model, field)
    if stored not in collection.policy.searchable:
        msg = f"{model.__name__}.{field} cannot be searched; declare it Annotated[Secret, SearchableSecret()]"
        raise InvalidInputError(msg, fields={field: "This field cannot be searched."})
    return {f"{stored}.index": {"$in": keyring.blind_indexes(collection.name, stored, text)}}


def _parts(model: "type[CoreDocument]", field: str) -> tuple[Any, str, Keyring]:
    collection: Any = model.get_pymongo_collection()
    info = model.model_fields.get(field)
    stored = (info.alias if info is not None else None) or field
    if stored not in collection.policy.secrets:
        msg = f"{model.__name__}.{field} is no secret"
        raise InvalidInputError(msg, fields={field: "This field is no secret."})
    if collection.database.keyring is None:
        msg = f"{collection.policy.model} has secrets, but the database was opened without keys"
        raise ConfigurationError(msg)
    return collection, stored, collection.database.keyring
