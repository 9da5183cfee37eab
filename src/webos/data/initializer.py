"""Connecting document classes to the guarded database."""

from collections.abc import Sequence
from typing import Any

from beanie import Document
from beanie.odm.fields import IndexModelField
from beanie.odm.utils.init import Initializer
from pymongo import IndexModel

from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.guard.indexes import standard_indexes
from webos.data.model_registry import ModelInfo
from webos.data.scope import system_context
from webos.data.secret import Secret
from webos.data.secret.catalogue import SecretField
from webos.data.secret.value import for_guard

__all__ = ["initialize_models"]

_REFUSED_SETTINGS = {
    "use_cache": "would show one user's documents to another",
    "is_root": "would put several classes in one collection",
    "union_doc": "would put several classes in one collection",
    "timeseries": "makes a collection whose documents cannot be changed one by one",
}


class _GuardedInitializer(Initializer):
    """Beanie's initializer without its side effects.

    Beanie initialises the Document parents of a model as well, which makes junk collections and spoils classes that
    are derived from them later; and it keeps a global registry by bare class name. Both are left out here.
    """

    def __init__(self, database: GuardedDatabase, models: Sequence[type[CoreDocument]], major_version: int) -> None:
        self.inited_classes = []
        self.allow_index_dropping = False
        self.skip_indexes = False
        self.recreate_views = False
        self.database = database  # type: ignore[assignment]  # the guard stands where the driver's database stood
        self.document_models = list(models)
        self._database_major_version = major_version
        self._existing_collections = []

    async def _load_cached_info(self) -> None:
        """The version is known, and whether a collection exists does not matter."""

    async def init_document(self, cls: type[Document]) -> Any:  # noqa: ANN401 - Beanie's private result type
        if cls not in self.document_models:
            return None
        return await super().init_document(cls)

    async def init_indexes(self, cls: type[Document], allow_index_dropping: bool = False) -> None:  # noqa: FBT001, FBT002
        settings = cls.get_settings()
        if settings.merge_indexes:
            # Beanie would ask the parents, which are not initialised.
            settings.indexes = _merged_indexes(cls)
            settings.merge_indexes = False
        await super().init_indexes(cls, allow_index_dropping)


async def initialize_models(database: GuardedDatabase, models: Sequence[ModelInfo], *, major_version: int) -> None:
    """Make the models usable: open their collections, create their indexes, prepare their fields.

    Args:
        database: The guarded database.
        models: The models of one module.
        major_version: Of the database server.

    Raises:
        ValueError: A model is of a kind, or has a setting, that would go round the guard.
    """
    for info in models:
        _refuse_leaks(info)
    await database.refuse_views(info.collection for info in models)
    for info in models:
        info.document.__webos_name__ = info.name
        info.document.Settings.name = info.collection
        database.register(info.policy)
        if info.policy.secrets:
            settings: Any = info.document.Settings
            settings.bson_encoders = {**getattr(settings, "bson_encoders", {}), Secret: for_guard}
    strict = database.traits.strict_indexes
    await database.secrets.note(
        SecretField(info.collection, name, name in info.policy.searchable)
        for info in models
        for name in sorted(info.policy.secrets)
    )
    with system_context():
        await _GuardedInitializer(database, [info.document for info in models], major_version)
        for info in models:
            lookups = [IndexModel(f"{name}.index") for name in sorted(info.policy.searchable)]
            await database[info.collection].create_indexes([*standard_indexes(info.policy, strict=strict), *lookups])


def _refuse_leaks(info: ModelInfo) -> None:
    document: type = info.document
    if not issubclass(document, CoreDocument):
        msg = f"{info.name} is no CoreDocument; views and unions of documents are not supported"
        raise ValueError(msg)  # noqa: TRY004 - a fault in a module's code, like the others here
    if sum(issubclass(base, Document) for base in document.__bases__) > 1:
        msg = f"{info.name} has more than one document among its bases; make the others plain BaseModels"
        raise ValueError(msg)
    for name, reason in _REFUSED_SETTINGS.items():
        if getattr(document.Settings, name, None):
            msg = f"{info.name}: Settings.{name} {reason}"
            raise ValueError(msg)


def _merged_indexes(cls: type[Document]) -> list[IndexModelField]:
    merged: list[IndexModelField] = []
    for base in reversed(cls.mro()):
        own = base.__dict__.get("Settings")
        declared = own.__dict__.get("indexes", ()) if own is not None else ()
        merged = IndexModelField.merge_indexes(merged, [IndexModelField._validate(each) for each in declared])  # noqa: SLF001 - its public way is a Pydantic field
    return merged
