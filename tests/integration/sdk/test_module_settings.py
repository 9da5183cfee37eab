"""The settings that a module keeps in the database."""

import pytest
from pydantic import BaseModel, Field, ValidationError

from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo
from webos.data.module_settings import load_module_settings
from webos.data.server_traits import read_traits
from webos.kernel.context import SYSTEM, acting_as
from webos.sdk import ConflictError, ModuleSettingsDoc


class ShopSettings(BaseModel):
    """The settings of a module."""

    low_stock: int = Field(default=5, ge=0)
    currency: str = "EUR"


@pytest.fixture
async def settings_model(mongo: Connection) -> None:
    traits = await read_traits(mongo.client)
    database = GuardedDatabase(mongo.raw)
    database.adapt(traits)
    info = ModelInfo("webos.ModuleSettingsDoc", "webos", ModuleSettingsDoc, "admin.settings", "admin.settings")
    await initialize_models(database, [info], major_version=traits.major_version)


async def store(values: dict[str, object]) -> None:
    with acting_as(SYSTEM):
        await ModuleSettingsDoc(module="shop", values=values).insert()


@pytest.mark.usefixtures("settings_model")
async def test_defaults_stand_where_nothing_is_stored() -> None:
    """A module that nobody has configured has the defaults of its model."""
    assert await load_module_settings("shop", ShopSettings) == ShopSettings()


@pytest.mark.usefixtures("settings_model")
async def test_stored_values_win_over_defaults() -> None:
    """What is stored replaces its default, and the other defaults stay."""
    await store({"low_stock": 20})

    assert await load_module_settings("shop", ShopSettings) == ShopSettings(low_stock=20, currency="EUR")


@pytest.mark.usefixtures("settings_model")
async def test_a_stored_value_that_does_not_fit_is_refused() -> None:
    """A value that the model does not allow any more is an error of the module, and is not used silently."""
    await store({"low_stock": -1})

    with pytest.raises(ValidationError, match="low_stock"):
        await load_module_settings("shop", ShopSettings)


@pytest.mark.usefixtures("settings_model")
async def test_a_module_has_one_document_of_settings() -> None:
    """The settings of a module cannot be stored a second time."""
    await store({})

    with pytest.raises(ConflictError):
        await store({"low_stock": 1})
