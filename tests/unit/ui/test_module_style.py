"""Stylesheets of modules stay in their pages."""

import pytest

from webos.ui.module_style import scoped


def test_a_stylesheet_is_scoped_to_its_module() -> None:
    """Its text stays, within a scope that only the module's own elements match."""
    assert scoped(".a { color: red }", "shop") == '@scope ([data-module="shop"]) {\n.a { color: red }\n}'
    assert scoped("b {}", "").startswith("@scope ([data-module]) {")


@pytest.mark.parametrize("css", ["} body { display: none", "a { } }", "a {", "/* open", "a { } /* } */ }"])
def test_what_would_leave_its_scope_is_left_out(css: str) -> None:
    """Braces that do not match would end the scope, or swallow what follows."""
    assert scoped(css, "shop") == ""


@pytest.mark.parametrize("css", ['a::after { content: "}" }', "/* } */ a { }", "@media print { a { } }"])
def test_braces_that_are_none_do_not_count(css: str) -> None:
    """In strings and comments."""
    assert css in scoped(css, "shop")
