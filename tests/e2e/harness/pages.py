# ruff: noqa: D101, D102, EM101, TRY003 - the stage of the browser tests, read beside them
"""Pages of two imaginary modules, one for each thing the interface can do."""

import asyncio
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import plotly.graph_objects as go  # type: ignore[import-untyped]  # plotly ships no types
from beanie import Link
from nicegui import ui
from pydantic import BaseModel, Field, SecretStr, field_validator

from webos.data.document import CoreDocument
from webos.kernel.context import current_trace_id
from webos.kernel.errors import ConflictError
from webos.ui.page import Page


class Supplier(CoreDocument):
    name: str


class Status(Enum):
    DRAFT = "draft"
    ON_SALE = "on_sale"
    DISCONTINUED = "discontinued"


class Product(BaseModel):
    sku: Annotated[str, Field(min_length=1, max_length=40)]
    name: str
    price: Decimal = Field(ge=0, description="Without tax, in euros.")
    stock: int = Field(default=0, ge=0)
    status: Status = Status.DRAFT
    supplier: Link[Supplier] | None = None
    available_from: date | None = None
    size: Literal["small", "large"] = "small"
    tags: list[str] = []
    is_fragile: bool = Field(default=False, title="Fragile")
    description: str = ""

    @field_validator("name")
    @classmethod
    def _no_placeholder(cls, value: str) -> str:
        if value.lower() == "test":
            raise ValueError("“Test” is no name for a product")
        return value


class Contact(BaseModel):
    email: str
    at: datetime | None = None
    secret: SecretStr | None = None
    attributes: dict[str, Any] = {}


ACTED: list[str] = []
"""Who pressed the button, under which trace."""

TICKS: list[str] = []
"""As whom the clock ticked."""

ROWS = [
    {
        "sku": f"A-{number}",
        "name": name,
        "price": Decimal(number) * Decimal("3.49"),
        "stock": (number * 37) % 120,
        "changed": datetime(2024, 3, 1 + number % 27, 12, number % 60),  # noqa: DTZ001 - local times, to be seen
        "active": number % 3 != 0,
    }
    for number, name in enumerate(
        ["Anchor bolt", "Ball bearing", "Cable tie", "Dowel", "Eye hook", "Flange", "Gasket", "Hex nut", "Insulator"], 1
    )
]


class ProductsPage(Page):
    path = "/inventory"
    title = "Products"
    icon = "inventory_2"
    permission = "inventory.read"
    description = "Everything that is on the shelves."
    keywords = "articles goods"

    async def build(self) -> None:
        self.add_table(ROWS, title="Stock")
        self.add_button("Restock A-1", on_click=self.restock, icon="add", variant="primary")
        self.add_button("Take long", on_click=self.take_long)
        self.add_button("Conflict", on_click=self.conflict)
        self.add_button("Crash", on_click=self.crash, variant="danger")
        self.add_form(Product)

    async def restock(self) -> None:
        ACTED.append(f"{self.user.username} {current_trace_id()}")
        self.notify.success(f"Operation complete for {self.user.username}")

    async def take_long(self) -> None:
        await asyncio.sleep(1.5)
        self.notify.info("Finally")

    def conflict(self) -> None:
        raise ConflictError("order 7 is approved, not pending")

    async def crash(self) -> None:
        raise ZeroDivisionError("secret internals")


class CategoriesPage(Page):
    path = "/inventory/categories"
    title = "Categories"
    icon = "category"
    permission = "inventory.read"

    async def build(self) -> None:
        self.add_table([], title="Categories", empty="No category yet.")


class ProductPage(Page):
    path = "/inventory/products/{number}"
    title = "One product"
    permission = "inventory.read"

    async def build(self, number: int, tab: str = "general") -> None:
        self.add_text(f"Product {number + 0}, {tab}")


class ReportsPage(Page):
    path = "/reports"
    title = "Reports"
    icon = "insights"
    permission = "analytics.read"

    async def build(self) -> None:
        months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]
        figure = go.Figure(
            [
                go.Bar(name="In", x=months, y=[12, 19, 8, 22, 17, 25]),
                go.Bar(name="Out", x=months, y=[9, 14, 11, 16, 15, 20]),
            ]
        )
        self.add_chart(figure, title="Goods moved")
        lines = go.Figure(
            [
                go.Scatter(name="Delay", x=months, y=[4, 7, 6, 9, 3, 5]),
                go.Scatter(name="Weather", x=months, y=[2, 3, 5, 4, 6, 3]),
            ]
        )
        lines.update_layout(title="Delay against weather")
        self.add_chart(lines)
        self.add_table([{"a.b": 1, ":x": "window.pwned = true", "html": "<img src=x onerror='window.pwned=true'>"}])


class BrokenPage(Page):
    path = "/ops/broken"
    title = "Broken"
    icon = "heart_broken"
    permission = "ops.read"

    async def build(self) -> None:
        self.add_text("This part still stands.")
        raise RuntimeError("the secret reason")


class HiddenPage(Page):
    path = "/ops/vault"
    title = "Vault"
    icon = "key"
    permission = "vault.open"

    async def build(self) -> None:
        self.add_text("treasure")


class SlowPage(Page):
    path = "/ops/slow"
    title = "Slow"
    icon = "hourglass_empty"
    permission = "ops.read"

    async def build(self) -> None:
        await asyncio.sleep(1)
        self.add_text("Here at last.")


class TasksPage(Page):
    path = "/ops/tasks"
    title = "Background work"
    icon = "autorenew"
    permission = "ops.read"

    async def build(self) -> None:
        self.add_progress("job-1")


class TaskPage(Page):
    path = "/ops/tasks/{task_id}"
    title = "One task"
    permission = "ops.read"

    async def build(self, task_id: str) -> None:
        self.add_progress(task_id)


class ContactPage(Page):
    path = "/ops/contact"
    title = "Contact"
    icon = "mail"
    permission = "ops.read"

    async def build(self) -> None:
        self.add_form(Contact, on_submit=self.take, title="Write to us", submit_label="Send")

    async def take(self, contact: Contact) -> None:
        if contact.email == "taken@example.com":
            raise ConflictError("taken", fields={"email": "This address is already known."})
        if contact.email == "crash@example.com":
            raise ZeroDivisionError("secret internals")
        self.notify.success(f"Thanks, {contact.email}")


class KitPage(Page):
    path = "/ops/kit"
    title = "Building blocks"
    icon = "widgets"
    permission = "ops.read"
    description = "NiceGUI's own elements, as a module uses them."

    async def build(self) -> None:
        self.add_markdown("## Markdown\n\nText with **weight**, `code` and a [link](/inventory).\n\n- one\n- two")
        with ui.row():
            ui.button("Primary")
            ui.button("Flat").props("flat")
            ui.button("Outline", icon="bolt").props("outline")
        with ui.card():
            ui.label("A card")
            ui.input("Name", value="Ada")
            ui.select(["One", "Two"], value="One", label="Choice")
            ui.checkbox("Check")
            ui.switch("Switch", value=True)
            ui.linear_progress(0.4, show_value=False).props("aria-label=Progress")
        with ui.tabs() as tabs:
            ui.tab("First")
            ui.tab("Second")
        with ui.tab_panels(tabs, value="First").classes("w-full"), ui.tab_panel("First"):
            ui.label("Panel")
        ui.table(rows=[{"name": "Ada", "age": 36}, {"name": "Bob", "age": 41}])
        ui.link("A link", "/reports")
        ui.button("Raise in a handler", on_click=self.fail)

    def fail(self) -> None:
        raise ConflictError("a plain handler may raise too")


class HostilePage(Page):
    """Has a stylesheet that would spoil everything."""

    path = "/ops/hostile"
    title = "Hostile"
    permission = "ops.read"

    async def build(self) -> None:
        ui.add_css(
            "* { color: red !important } .w-sidebar, .w-topbar { display: none !important } .mine { width: 77px }"
        )
        ui.add_head_html(
            "<style>:root { --w-text: red } body { font-size: 40px !important } h1 { letter-spacing: 9px }</style>"
        )
        ui.add_css("} .w-sidebar { display: none !important } a {")
        ui.label("Mine").classes("mine")


class PlainPage(Page):
    """As little as a page can have: what the shell costs is measured on it."""

    path = "/ops/plain"
    title = "Plain"
    permission = "ops.read"
    searchable = False

    async def build(self) -> None:
        self.add_text("Hello")


class ClockPage(Page):
    """Does something again and again, as whoever the session belongs to at that time."""

    path = "/ops/clock"
    title = "Clock"
    permission = "inventory.read"

    async def build(self) -> None:
        self.face = ui.label("-")
        self.every(0.1, self.tick)

    async def tick(self) -> None:
        TICKS.append(self.user.username)
        self.face.text = f"{self.user.username} {len(TICKS)}"
