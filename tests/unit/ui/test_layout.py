"""Slots, actions, the admin area: what modules put in, and what is taken away with them."""

import pytest

from webos.kernel.context import ANONYMOUS, Principal
from webos.kernel.errors import ConfigurationError
from webos.ui.admin_area import AdminArea
from webos.ui.layout import LayoutManager
from webos.ui.navigation import PageRegistry


def nothing() -> None:
    """Build nothing."""


def titles(layout: LayoutManager, slot: str, user: Principal) -> list[str]:
    return [component.title for component in layout.components(slot, user)]


def test_components_stand_in_their_order(user: Principal) -> None:
    """By `order`, and among equals as they came; the slot's name may end in `_slot`."""
    layout = LayoutManager()
    layout.add("dashboard_widget", nothing, title="last", order=2)
    layout.add("dashboard_widget_slot", nothing, title="first", order=1)
    layout.add("dashboard_widget", nothing, title="second", order=1)
    assert titles(layout, "dashboard_widget", user) == ["first", "second", "last"]


def test_an_unknown_slot_is_refused_by_name() -> None:
    """The error lists those there are."""
    with pytest.raises(ConfigurationError, match="no slot 'basement'; slots are sidebar"):
        LayoutManager().add("basement", nothing)


def test_components_and_actions_need_their_permission(user: Principal) -> None:
    """Nobody sees what he may not, and a visitor sees nothing."""
    layout = LayoutManager()
    layout.add("sidebar", nothing, title="read", permission="inventory.read")
    layout.add("sidebar", nothing, title="write", permission="inventory.write")
    layout.add_action("Count", nothing)
    layout.add_action("Restock", nothing, permission="inventory.write")
    assert titles(layout, "sidebar", user) == ["read"]
    assert [action.title for action in layout.actions(user)] == ["Count"]
    assert layout.components("sidebar", ANONYMOUS) == []


def test_what_a_module_added_leaves_with_it(user: Principal) -> None:
    """From every slot, and its actions; what others added stays."""
    layout = LayoutManager()
    mine, other = layout.owned_by("mine"), layout.owned_by("other")
    for manager, name in ((mine, "mine"), (other, "other")):
        manager.add("topbar", nothing, title=name)
        manager.add_action("Do it", nothing)
    layout.remove_owner("mine")
    assert titles(layout, "topbar", user) == ["other"]
    assert layout.action("mine:Do it") is None
    assert layout.action("other:Do it") is not None


def test_two_actions_of_one_module_cannot_have_the_same_title() -> None:
    """Nobody could tell them apart."""
    layout = LayoutManager().owned_by("mine")
    layout.add_action("Do it", nothing)
    with pytest.raises(ConfigurationError, match="two actions “Do it”"):
        layout.add_action("Do it", nothing)


def test_admin_pages_get_a_path_from_their_title(user: Principal) -> None:
    """They and the widgets leave with their module; its other pages are not the panel's."""
    pages, layout = PageRegistry(), LayoutManager()
    area = AdminArea(pages, layout).owned_by("inventory")
    area.add_page("Inventory checks & balances", nothing, permission="inventory.read")
    area.add_page("Elsewhere", nothing, path="/inventory/admin")
    area.add_widget("Products", nothing)
    assert {page.path for page in pages} == {"/admin/inventory-checks-balances", "/inventory/admin"}
    assert titles(layout, "admin_widget", user) == ["Products"]
    area.remove_owner("inventory")
    assert list(pages) == []
    assert titles(layout, "admin_widget", user) == []
