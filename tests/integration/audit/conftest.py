"""The library with its record of changes, and the tripwire."""

import pytest
import pytest_asyncio

from tests.integration.data.library import LIBRARY, anna, bert, database, library, root, traits
from tests.tripwire import tripwire
from webos.data.audit.service import AuditService
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry

__all__ = ["anna", "bert", "database", "library", "root", "traits", "tripwire"]


@pytest.fixture
def models() -> ModelRegistry:
    """Return the documents of the library; changing pages needs a permission."""
    registry = ModelRegistry()
    for document in LIBRARY:
        write = "library.write" if document.__name__ == "Page" else None
        registry.add(ModelInfo(f"library.{document.__name__}", "library", document, None, write))
    return registry


@pytest_asyncio.fixture
async def audit(library: GuardedDatabase, models: ModelRegistry) -> AuditService:
    """Return the record of changes, started."""
    for info in models:
        library.register(info.policy)
    service = AuditService(models, library, days=365)
    await service.start()
    return service
