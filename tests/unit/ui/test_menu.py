"""What the sidebar shows."""

import json
from pathlib import Path

import pytest

from webos.kernel.context import Principal
from webos.kernel.loader import ModuleSet
from webos.kernel.manifest import ModuleManifest
from webos.kernel.module import Module
from webos.ui.layout import LayoutManager
from webos.ui.menu import ADMIN_GROUP, Menu, menu_sections
from webos.ui.navigation import PageEntry, PageRegistry
from webos.ui.visit import Visit


async def build(_visit: Visit) -> None:
    """Nothing to build."""


@pytest.fixture
def modules() -> ModuleSet:
    return ModuleSet(
        Module(name, Path(), name, ModuleManifest(name=name, title=title))
        for name, title in [("inventory", "Inventory"), ("vault", "Vault")]
    )


def page(path: str, title: str, module: str = "", group: str = "", order: int = 100) -> PageEntry:
    return PageEntry(path=path, title=title, builder=build, module=module, group=group, order=order)


def test_a_module_with_one_page_needs_no_heading(modules: ModuleSet) -> None:
    """Its page stands with the framework's own; several pages get the module's title."""
    sections = menu_sections(
        [
            page("/", "Home"),
            page("/inventory", "Products", "inventory"),
            page("/categories", "Categories", "inventory"),
            page("/vault", "Vault", "vault"),
        ],
        modules,
    )
    assert [(section["title"], [item["title"] for item in section["items"]]) for section in sections] == [
        ("", ["Home", "Vault"]),
        ("Inventory", ["Products", "Categories"]),
    ]


def test_the_admin_panel_stands_last_in_its_own_order(modules: ModuleSet) -> None:
    """Whichever module its pages come from; a heading that a page asks for is kept even for one page."""
    sections = menu_sections(
        [
            page("/admin/checks", "Checks", "inventory", ADMIN_GROUP),
            page("/reports", "Reports", "vault", "Insight"),
            page("/admin", "Overview", "", ADMIN_GROUP, 0),
        ],
        modules,
    )
    assert [section["title"] for section in sections] == ["Insight", ADMIN_GROUP]
    assert [item["title"] for item in sections[-1]["items"]] == ["Overview", "Checks"]


def test_the_text_is_made_once_for_all_who_see_the_same(modules: ModuleSet, user: Principal) -> None:
    """And anew when a page comes or goes."""
    pages = PageRegistry()
    menu = Menu(pages, LayoutManager(), modules)
    pages.add(page("/vault", "Vault", "vault"))
    first = menu.navigation(user)
    assert menu.navigation(user) is first
    pages.add(page("/other", "Other", "vault"))
    assert [item["path"] for section in json.loads(menu.navigation(user)) for item in section["items"]] == [
        "/vault",
        "/other",
    ]


def test_a_title_cannot_end_the_script_it_stands_in(modules: ModuleSet, user: Principal) -> None:
    """The text is data wherever it is put: quotes and markup stay inside the JSON."""
    pages = PageRegistry()
    pages.add(page("/x", '</script><script>alert("1")</script>', "vault"))
    text = Menu(pages, LayoutManager(), modules).navigation(user)
    assert json.loads(text)[0]["items"][0]["title"] == '</script><script>alert("1")</script>'
