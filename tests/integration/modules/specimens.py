"""Modules as texts: what they are made of, the healthy ones, and how they get into a folder."""

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

__all__ = ["HEALTHY", "PAGE", "SERVICE", "Specimen", "items_text", "manifest_text", "whole_module", "write_modules"]


@dataclass(frozen=True)
class Specimen:
    """A module.

    Attributes:
        name: Its name.
        reason: What people read of why it failed, as a regular expression for all of it; empty for a healthy one.
        phase: What it could not do, in words; empty for a healthy one.
        files: Its files, by their names without `.py`.
    """

    name: str
    reason: str = ""
    phase: str = ""
    files: dict[str, str] = field(default_factory=dict)


def manifest_text(name: str, requires: str = "()") -> str:
    return f"""
        from webos.sdk import ModuleManifest
        manifest = ModuleManifest(name={name!r}, requires={requires},
                                  permissions={{"{name}.read": "See", "{name}.write": "Change"}})
    """


def items_text(more: str = "") -> str:
    return f"""
        from typing import Annotated
        from webos.sdk import CoreDocument, Indexed
        class Item(CoreDocument):
            name: Annotated[str, Indexed(unique=True)]
            {more}
    """


PAGE = """
    from webos.sdk import Page
    from .models import Item
    class ItemsPage(Page):
        path = "/{name}"
        title = "Items of {name}"
        permission = "{name}.read"
        async def build(self):
            self.add_text("hello from {name}")
            self.add_table(Item)
"""
ROUTER = """
    from fastapi import APIRouter
    from webos.sdk import Inject
    from .service import ItemService
    router = APIRouter()
    @router.post("/items", status_code=201)
    async def create(name: str, items: Inject[ItemService]) -> dict[str, str]:
        return await items.create(name)
    @router.get("/items")
    async def names(items: Inject[ItemService]) -> list[str]:
        return await items.names()
"""
SERVICE = """
    from webos.sdk import BaseService, require_permission
    from .models import Item
    class ItemService(BaseService):
        @require_permission("{name}.write")
        async def create(self, name: str) -> dict[str, str]:
            item = await Item(name=name).insert()
            await self.bus.emit("item:created", {{"name": name}})
            return {{"id": str(item.id)}}
        @require_permission("{name}.read")
        async def names(self) -> list[str]:
            return [item.name for item in await Item.find_all().to_list()]
"""


def whole_module(name: str, **more: str) -> dict[str, str]:
    """Return the files of a module with everything, some of them replaced."""
    return {
        "manifest": manifest_text(name),
        "models": items_text(),
        "service": SERVICE.format(name=name),
        "router": ROUTER,
        "ui": PAGE.format(name=name),
        **more,
    }


HEALTHY = (
    Specimen("healthy", files=whole_module("healthy")),
    # Another class of the same name: each module has its own.
    Specimen("twin", files=whole_module("twin")),
    Specimen("bare"),
    Specimen(
        "shutdown_raises",
        files=whole_module(
            "shutdown_raises", hooks="from webos.sdk import hookimpl\n@hookimpl\nasync def shutdown(ctx): 1 / 0"
        ),
    ),
    Specimen(
        "page_raises",
        files=whole_module(
            "page_raises",
            ui="""
            from webos.sdk import Page
            class RaisingPage(Page):
                path = "/page_raises"
                async def build(self):
                    raise RuntimeError("hunter2 in the page")
            class FinePage(Page):
                path = "/page_raises/fine"
                async def build(self):
                    self.add_text("hello from the fine page")
            """,
        ),
    ),
)


def write_modules(folder: Path, *specimens: Specimen) -> Path:
    """Write modules into a folder and return it."""
    for specimen in specimens:
        place = folder / specimen.name
        place.mkdir(parents=True)
        (place / "__init__.py").touch()
        for name, text in specimen.files.items():
            (place / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return folder
