"""The registry of pages."""

import pytest

from webos.kernel.context import ANONYMOUS, Principal
from webos.kernel.errors import ConfigurationError
from webos.ui.navigation import PageEntry, PageRegistry
from webos.ui.visit import Visit


async def build(_visit: Visit) -> None:
    """Nothing to build."""


def entry(path: str, title: str = "Title", **fields: object) -> PageEntry:
    return PageEntry(path=path, title=title, builder=build, **fields)  # type: ignore[arg-type]  # fields of a page


def registry(*entries: PageEntry) -> PageRegistry:
    pages = PageRegistry()
    for each in entries:
        pages.add(each)
    return pages


@pytest.mark.parametrize(
    "path",
    ["", "orders", "/orders/", "//orders", "/or ders", "/{1}", "/a/{b", "/api/x", "/login", "/_webos/x", "/auth/me"],
)
def test_a_path_that_cannot_be_one_is_refused(path: str) -> None:
    """Relative, empty, malformed and reserved paths are named in the error."""
    with pytest.raises(ConfigurationError, match="cannot be the path"):
        registry(entry(path))


def test_two_modules_cannot_have_the_same_path() -> None:
    """The error names the page that was there first."""
    with pytest.raises(ConfigurationError, match="“First” of one"):
        registry(entry("/x", "First", module="one"), entry("/x", "Second", module="two"))


def test_a_module_may_replace_a_page_of_the_framework() -> None:
    """Such as the home page."""
    pages = registry(entry("/"), entry("/", "Own home", module="one"))
    found = pages.find("/")
    assert found is not None
    assert found[0].title == "Own home"


def test_a_fixed_path_wins_over_one_with_parameters() -> None:
    """Whatever was registered first."""
    pages = registry(entry("/orders/{number}", "One"), entry("/orders/new", "New"))
    assert [pages.find(path)[0].title for path in ("/orders/new", "/orders/7")] == ["New", "One"]  # type: ignore[index]
    assert pages.find("/orders/7")[1] == {"number": "7"}  # type: ignore[index]
    assert pages.find("/orders") is None
    assert pages.find("/orders/7/lines") is None


def test_dots_in_a_path_are_dots() -> None:
    """A path is no regular expression."""
    pages = registry(entry("/v1.0/{name}"))
    assert pages.find("/v1x0/a") is None
    assert pages.find("/v1.0/a") is not None


def test_a_page_with_parameters_cannot_be_opened_by_its_pattern() -> None:
    """The braces themselves are a value like any other, and none for a list."""
    pages = registry(entry("/orders/{number}"))
    found = pages.find("/orders/{number}")
    assert found is not None
    assert found[1] == {"number": "{number}"}


def test_only_what_the_user_may_open_is_listed(user: Principal) -> None:
    """Permissions, further conditions, and pages that lead nowhere without a value."""
    pages = registry(
        entry("/free"),
        entry("/read", permission="inventory.read"),
        entry("/write", permission="inventory.write"),
        entry("/never", visible=lambda _user: False),
        entry("/secretly", searchable=False),
        entry("/orders/{number}"),
    )
    assert [page.path for page in pages.visible_to(user)] == ["/free", "/read"]
    assert pages.visible_to(ANONYMOUS) == []


def test_pages_stand_in_the_order_of_their_modules_and_then_in_their_own(user: Principal) -> None:
    """The framework's own come first, though they may be registered last."""
    pages = registry(
        entry("/b2", module="b", order=2),
        entry("/a1", module="a"),
        entry("/b1", module="b", order=1),
        entry("/"),
    )
    assert [page.path for page in pages.visible_to(user)] == ["/", "/b1", "/b2", "/a1"]


def test_similar_pages_are_found_by_path_and_by_title_but_no_hidden_ones(user: Principal) -> None:
    """A typo finds the page; one without permission is not even suggested."""
    pages = registry(
        entry("/inventory", "Products"),
        entry("/x/settings", "Warehouses"),
        entry("/invoices", "Invoices", permission="books.read"),
    )
    assert [page.path for page in pages.similar_to("/inventori", user)] == ["/inventory"]
    assert [page.path for page in pages.similar_to("/warehouse", user)] == ["/x/settings"]
    assert pages.similar_to("/invoice", user)[0].path != "/invoices"


def test_listeners_hear_of_every_change() -> None:
    """Adding, removing one, removing a module; removing what is not there is no change."""
    pages = PageRegistry()
    heard: list[int] = []
    pages.on_change(lambda: heard.append(len(list(pages))))
    pages.add(entry("/a", module="m"))
    pages.add(entry("/b", module="m"))
    pages.remove("/a")
    pages.remove("/a")
    pages.remove_module("m")
    assert heard == [1, 2, 1, 0]
    assert "/b" not in pages
