"""Modules made for measuring: as many as one likes, each with all the usual files."""

from pathlib import Path

__all__ = ["generate_modules"]

_FILES = {
    "__init__.py": '"""Module {number}."""\n',
    "manifest.py": """\
from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="{name}",
    title="Part {number}",
    requires={requires},
    permissions={{"{name}.read": "See parts", "{name}.write": "Change parts"}},
)
""",
    "models.py": """\
from typing import Annotated

from pydantic import BaseModel, Field

from webos.sdk import CoreDocument, Indexed


class Group(CoreDocument):
    title: Annotated[str, Indexed(unique=True)]


class Part(CoreDocument):
    number: Annotated[str, Indexed(unique=True)]
    title: str
    price: float = Field(default=0, ge=0)
    stock: Annotated[int, Indexed()] = 0


class PartRead(BaseModel):
    number: str
    title: str
    price: float
    stock: int
""",
    "service.py": """\
from webos.sdk import BaseService, require_permission

from .models import Part, PartRead


class PartService(BaseService):
    @require_permission("{name}.read")
    async def in_stock(self) -> list[PartRead]:
        return await Part.find(Part.stock > 0).project(PartRead).to_list()

    @require_permission("{name}.write")
    async def receive(self, number: str, quantity: int) -> None:
        await Part.find_one(Part.number == number).update({{"$inc": {{"stock": quantity}}}})
        await self.bus.emit("{name}:received", {{"number": number, "quantity": quantity}})
""",
    "router.py": """\
from fastapi import APIRouter

from webos.sdk import Inject

from .models import PartRead
from .service import PartService

router = APIRouter()


@router.get("/in-stock")
async def in_stock(parts: Inject[PartService]) -> list[PartRead]:
    return await parts.in_stock()


@router.post("/{{number}}/receive", status_code=204)
async def receive(number: str, quantity: int, parts: Inject[PartService]) -> None:
    await parts.receive(number, quantity)
""",
    "events.py": """\
from webos.sdk import EventEnvelope, subscribe


@subscribe("{name}:received")
async def note(event: EventEnvelope) -> None:
    assert event.payload
""",
    "ui.py": """\
from webos.sdk import Page

from .models import Group, Part


class PartsPage(Page):
    path = "/{name}"
    title = "Parts {number}"
    permission = "{name}.read"

    async def build(self) -> None:
        self.add_table(Part)
        self.add_form(Part)


class GroupsPage(Page):
    path = "/{name}/groups"
    title = "Groups {number}"
    permission = "{name}.read"

    async def build(self) -> None:
        self.add_table(Group)
""",
}


def generate_modules(folder: Path, count: int) -> None:
    """Write modules, each of which requires the one before it.

    Args:
        folder: Where they go.
        count: How many.
    """
    for number in range(1, count + 1):
        name = f"part{number}"
        path = folder / name
        path.mkdir(parents=True)
        requires = [f"part{number - 1}"] if number > 1 else []
        for file, text in _FILES.items():
            content = text.format(name=name, number=number, requires=requires)
            (path / file).write_text(content, encoding="utf-8")
