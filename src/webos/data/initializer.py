"""Connecting document classes to the guarded database."""

from collections.abc import Sequence
from typing import Any

from beanie import Document
from beanie.odm.utils.init import Initializer
from pymongo import ASCENDING, IndexModel

from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo
from webos.data.scope import system_context

__all__ = ["initialize_models"]


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
        if cls.__dict__.get("__abstract__"):
            return None
        return await super().init_document(cls)


async def initialize_models(database: GuardedDatabase, models: Sequence[ModelInfo], *, major_version: int) -> None:
    """Make the models usable: open their collections, create their indexes, prepare their fields.

    Args:
        database: The guarded database.
        models: The models of one module.
        major_version: Of the database server.

    Raises:
        ValueError: A setting of a model would go round the guard.
    """
    for info in models:
        _refuse_leaks(info)
        info.document.__webos_name__ = info.name
        if getattr(info.document.Settings, "name", None) is None:
            info.document.Settings = type("Settings", (info.document.Settings,), {"name": info.collection})  # type: ignore[misc,assignment]
        database.register(info.policy)
    with system_context():
        await _GuardedInitializer(database, [info.document for info in models], major_version)
        for info in models:
            await database[info.collection].create_indexes(_standard_indexes(info))


def _standard_indexes(info: ModelInfo) -> list[IndexModel]:
    """Return the indexes that the guard's own filters need."""
    live = ("deleted_at", ASCENDING)
    indexes = [IndexModel([live, ("_id", ASCENDING)], name="live_id")]
    if info.policy.owned:
        indexes.append(IndexModel([live, ("created_by", ASCENDING), ("_id", ASCENDING)], name="live_owner_id"))
    return indexes


def _refuse_leaks(info: ModelInfo) -> None:
    settings = info.document.Settings
    if getattr(settings, "use_cache", False):
        msg = f"{info.name}: Settings.use_cache would show one user's documents to another"
        raise ValueError(msg)
    if getattr(settings, "is_root", False) or getattr(settings, "union_doc", None):
        msg = f"{info.name}: several classes in one collection are not supported"
        raise ValueError(msg)
