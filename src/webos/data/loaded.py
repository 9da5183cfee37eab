"""What was stored when a document was read: the base of its next change."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from beanie import Document
from beanie.odm.queries.find import FindOne
from beanie.odm.utils.dump import get_dict
from pydantic import ValidationError

from webos.data.audit.sameness import ABSENT, is_same
from webos.data.fetching import FetchingFindMany
from webos.data.policy import PROTECTED_FIELDS
from webos.kernel.errors import UnreadableDocumentError
from webos.kernel.reason import describe_error

if TYPE_CHECKING:
    from bson import CodecOptions

    from webos.data.document import CoreDocument

__all__ = [
    "LoadedFindMany",
    "LoadedFindOne",
    "difference",
    "encoded_fields",
    "field_names",
    "loaded_state",
    "read_document",
    "set_loaded",
]

Row = dict[str, Any]

_CONTAINERS = frozenset({dict, list})
_NOT_WRITTEN = PROTECTED_FIELDS | {"_id"}


def read_document(model: "type[CoreDocument]", row: Row, *, fetched: bool = False) -> "CoreDocument":
    """Return the document that was read, which remembers what was stored.

    Args:
        model: Its class.
        row: As the server gave it.
        fetched: Whether linked documents stand in the place of links.
    """
    # What the caller changes inside of a value, and what Beanie puts into the row, is not what was stored.
    is_flat = _CONTAINERS.isdisjoint(map(type, row.values())) and not model.get_link_fields()
    base = row if is_flat else {name: _copied(value) for name, value in row.items()}
    document: Any = model.__pydantic_validator__.validate_python(row)
    if fetched:
        references = encoded_fields(document)
        base = {name: value for name, value in base.items() if not name.startswith("_ids_of_")}
        base.update({name: references[name] for name in model.get_link_fields() or () if name in references})
    if model.use_state_management():
        document._save_state()  # noqa: SLF001 - as Beanie does after it has read one
    set_loaded(document, base)
    return cast("CoreDocument", document)


def loaded_state(document: "CoreDocument") -> Row | None:
    """Return what was stored when a document was read or last written; None where that is not known."""
    private: Row = object.__getattribute__(document, "__pydantic_private__")
    loaded: Row | None = private["_loaded"]
    return loaded


def set_loaded(document: "CoreDocument", base: Row | None) -> None:
    """Note what is stored of a document; None where it is not known any more."""
    object.__getattribute__(document, "__pydantic_private__")["_loaded"] = base


def encoded_fields(document: "CoreDocument") -> Row:
    """Return all fields as they would be stored, but for those that only the guard writes."""
    fields: Row = get_dict(document, to_db=True, exclude=set(_NOT_WRITTEN), keep_nulls=True)
    return fields


def field_names(model: type[Document]) -> dict[str, str]:
    """Return the names of a model's fields by the names they are stored under."""
    return {info.alias or name: name for name, info in model.model_fields.items()}


def difference(document: "CoreDocument", base: Mapping[str, Any], codec: "CodecOptions[Any]") -> tuple[Row, list[str]]:
    """Return what is not stored yet of a document.

    A field that is not stored and that nobody has set stays as it is.

    Args:
        document: The document.
        base: What was stored when it was read.
        codec: How values are stored.

    Returns:
        The changed fields, and the names of those that go.
    """
    model = type(document)
    changed: Row = {}
    encoded = encoded_fields(document)
    names: dict[str, str] | None = None
    for stored, value in encoded.items():
        old = base.get(stored, ABSENT)
        if is_same(old, value, codec):
            continue
        if old is ABSENT:
            names = names if names is not None else field_names(model)
            if _is_untouched_default(document, names.get(stored), value, codec):
                continue
        changed[stored] = value
    gone: list[str] = []
    if model.model_config.get("extra") == "allow":
        gone = [name for name in base if name not in encoded and name not in _NOT_WRITTEN]
    return changed, gone


def _is_untouched_default(
    document: "CoreDocument", name: str | None, value: object, codec: "CodecOptions[Any]"
) -> bool:
    if name is None or name in document.model_fields_set:
        return False
    fresh = type(document).model_fields[name].get_default(call_default_factory=True, validated_data={})
    return is_same(fresh, value, codec) if fresh is None or isinstance(fresh, (str, int, float, list, dict)) else True


def _copied(value: Any) -> Any:  # noqa: ANN401 - any stored value
    if type(value) is dict:
        return {name: _copied(inner) for name, inner in value.items()}
    if type(value) is list:
        return [_copied(inner) for inner in value]
    return value


def _read_stored(model: "type[CoreDocument]", row: Row, *, fetched: bool = False) -> "CoreDocument":
    """Return the document that was read.

    Raises:
        UnreadableDocumentError: What is stored does not fit the model.
    """
    try:
        return read_document(model, row, fetched=fetched)
    except ValidationError as error:
        # Not left to the caller as it is: that would say of his input that it is wrong.
        msg = f"the stored {model.__name__} {row.get('_id')} does not fit its model: {describe_error(error)}"
        raise UnreadableDocumentError(msg) from None


class LoadedFindMany(FetchingFindMany):
    """A query whose documents remember what was stored."""

    async def to_list(self, length: int | None = None) -> list[Any]:
        """Return what matches.

        Args:
            length: How many at most; all where None.
        """
        if not self._gives_documents():
            return await super().to_list(length)
        rows = await (await self.get_cursor()).to_list(length)
        read = self._reader()
        return [read(row) for row in rows]

    async def __anext__(self) -> Any:  # noqa: ANN401 - a document, or what it is projected to
        if not self._gives_documents():
            return await super().__anext__()
        if self.cursor is None:
            self.cursor = await self.get_cursor()
        return self._reader()(await self.cursor.__anext__())

    def _gives_documents(self) -> bool:
        return self.projection_model is self.document_model and not self.lazy_parse

    def _reader(self) -> Callable[[Row], "CoreDocument"]:
        model: Any = self.document_model
        fetched = bool(self.fetch_links)
        return lambda row: _read_stored(model, row, fetched=fetched)


class LoadedFindOne(FindOne[Any]):
    """A query whose document remembers what was stored."""

    async def _find_one(self) -> Any:  # noqa: ANN401 - a document, or what it is projected to
        found = await super()._find_one()  # type: ignore[no-untyped-call]
        model: Any = self.document_model
        if isinstance(found, dict) and self.projection_model is model:
            return _read_stored(model, found)
        return found
