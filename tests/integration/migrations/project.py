"""A project with modules whose migrations a test writes."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from webos.data.endpoint import Endpoint
from webos.data.server_traits import read_traits
from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.settings import Settings, load_settings
from webos.server.assembly import assemble
from webos.server.models_phase import register_models
from webos.server.state import Application

__all__ = ["CUSTOMER_MIGRATION", "Project", "brought_up", "reason"]

CUSTOMER_MIGRATION = '''
"""Orders from before quantities were kept count as one."""

from webos.sdk import MigrationContext


async def forward(ctx: MigrationContext) -> None:
    await ctx.collection("orders.Order").update_many({"quantity": {"$exists": False}}, {"$set": {"quantity": 1}})


async def backward(ctx: MigrationContext) -> None:
    """Nothing to take back."""
'''
"""The contract: what a module of a customer's holds."""

MODELS = """
    from typing import Annotated
    from webos.sdk import CoreDocument, Indexed


    class Order(CoreDocument):
        number: Annotated[str, Indexed(unique=True)]
        quantity: int = 1
"""
MANIFEST = """
    from webos.sdk import ModuleManifest
    manifest = ModuleManifest(name={name!r}, version="2.0.0", requires={requires!r})
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder of modules.

    Attributes:
        folder: The folder.
    """

    folder: Path

    def module(self, name: str, *, requires: tuple[str, ...] = (), models: str = MODELS) -> Path:
        """Write a module and return its folder."""
        path = self.folder / "modules" / name
        path.mkdir(parents=True)
        (path / "__init__.py").touch()
        (path / "models.py").write_text(dedent(models))
        (path / "manifest.py").write_text(dedent(MANIFEST.format(name=name, requires=requires)))
        return path

    def migration(self, module: str, name: str, code: str) -> Path:
        """Write a migration of a module, in the place of one of the same name."""
        path = self.folder / "modules" / module / "migrations" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        # Python trusts its compiled copy of a file with the same time and size.
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
        path.write_text(dedent(code))
        return path

    def settings(self, database: str) -> Settings:
        """Return settings for an application with these modules."""
        (self.folder / "data").mkdir(exist_ok=True)
        return load_settings(
            data_dir=self.folder / "data", database=database, modules=(str(self.folder / "modules"),), mongo_url=None
        )


@asynccontextmanager
async def brought_up(settings: Settings, endpoint: Endpoint) -> AsyncIterator[Application]:
    """Yield an application whose models are registered, without a web server; nothing else of it runs."""
    app = assemble(settings, endpoint)
    try:
        traits = await read_traits(app.connection.client)
        app.database.adapt(traits)
        with acting_as(SYSTEM):
            for module in app.modules.healthy():
                app.hooks.register(module)
            await register_models(app, traits.major_version)
        yield app
    finally:
        await app.connection.close()


def reason(app: Application, module: str) -> str:
    """Return why a module failed; empty if it did not."""
    failure = app.modules[module].failure
    return failure.reason if failure is not None else ""
