"""What the page about links says holds: links are fetched at once, and the test kit finds a query for each row."""

import importlib
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest_asyncio

from tests.docs.blocks import write_modules
from webos.data.connection import Connection
from webos.data.guard import GuardedDatabase
from webos.data.initializer import initialize_models
from webos.data.links import link_namespace, resolve_links
from webos.data.model_registry import ModelInfo
from webos.data.server_traits import read_traits
from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.discovery import forget
from webos.kernel.loader import load_modules
from webos.testing.commands import CommandLog


@pytest_asyncio.fixture
async def clinic(mongo: Connection, tmp_path: Path) -> Any:
    """The module of the page, connected to a database."""
    everything = write_modules(tmp_path / "all")
    shutil.copytree(everything["clinic"], tmp_path / "place" / "clinic")
    module = load_modules([str(tmp_path / "place")])["clinic"]
    models = module.parts["models"]
    infos = [
        ModelInfo(f"clinic.{each.__name__}", "clinic", each, None, None) for each in (models.Doctor, models.Patient)
    ]
    for info in infos:
        resolve_links(info, link_namespace(infos), vars(models))
    traits = await read_traits(mongo.client)
    await initialize_models(GuardedDatabase(mongo.raw, traits), infos, major_version=traits.major_version)
    yield SimpleNamespace(models=models, service=module.parts["service"], package=module.package)
    forget(module.package)


async def test_the_rounds(clinic: Any, commands: CommandLog) -> None:
    """The service of the page names each patient with his doctor, and the check of the page passes."""
    check = importlib.import_module(f"{clinic.package}.check_rounds")
    with acting_as(SYSTEM):
        for number in range(4):
            doctor = await clinic.models.Doctor(name=f"Dr {number}").insert()
            await clinic.models.Patient(name=f"P{number}", doctor=doctor, consulted=[doctor]).insert()
        service = object.__new__(clinic.service.ClinicService)
        assert await service.rounds() == [f"P{number}: Dr {number}" for number in range(4)]
        await check.test_rounds_ask_once(commands, service)
