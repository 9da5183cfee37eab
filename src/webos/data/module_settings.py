"""The settings a module keeps in the database."""

from typing import Annotated, Any, TypeVar

from beanie import Indexed
from pydantic import BaseModel, Field

from webos.data.document import CoreDocument
from webos.data.scope import system_context

__all__ = ["ModuleSettingsDoc", "load_module_settings"]

M = TypeVar("M", bound=BaseModel)


class ModuleSettingsDoc(CoreDocument):
    """Stored settings of one module.

    Attributes:
        module: Name of the module.
        values: What differs from the defaults of its settings model.
    """

    module: Annotated[str, Indexed(unique=True)]
    values: dict[str, Any] = Field(default_factory=dict)


async def load_module_settings(module: str, model: type[M]) -> M:
    """Return the settings of `module`: its defaults with the stored values over them.

    Raises:
        pydantic.ValidationError: A stored value no longer fits the model.
    """
    with system_context():
        stored = await ModuleSettingsDoc.find_one(ModuleSettingsDoc.module == module)
    return model.model_validate(stored.values if stored else {})
