"""Security case 11: where signing in leads."""

from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.auth import safe_next

BAD = [
    None,
    "",
    "evil.test",
    "//evil.test",
    "///evil.test",
    "////evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "\\/evil.test",
    "/a\\b",
    "https://evil.test",
    "HTTPS://evil.test",
    "https:evil.test",
    "https:/evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.test",
    "/\n/evil.test",
    "/\r\nset-cookie: a=b",
    "\t//evil.test",
    " //evil.test",
    " /flights",
    "/%2fevil.test",
    "/%2Fevil.test",
    "/%5cevil.test",
    "/%5Cevil.test",
    "%2f%2fevil.test",
    "/%252fevil.test",
    "/%25252fevil.test",
    "/%255cevil.test",
    "/%09/evil.test",
    "/%0d%0aset-cookie:a=b",
    "/%00",
    "/./%2e//evil.test",
    "/..//evil.test",
    "/a//evil.test",
    "/\x00",
    "/\x7f",
    "/\u0085",
    "?next=//evil.test",
    "#//evil.test",
    ".//evil.test",
    "@evil.test",
    "/" + "a" * 3000,
]
GOOD = [
    "/",
    "/flights",
    "/flights/AA/1?sort=-delay&q=a%2Fb",
    "/flights?from=https://example.com//x",
    "/flights#row-7",
    "/a%20b",
    "/%C3%BC",
    "/ü",
    "/a:b@c",
]


@pytest.mark.parametrize("target", BAD)
def test_refuses(target: str | None) -> None:
    """What any browser, proxy or server could take for another site, or for a header, leads to the start page."""
    assert safe_next(target) == "/"
    assert safe_next(target, "/home") == "/home"


@pytest.mark.parametrize("target", GOOD)
def test_keeps(target: str) -> None:
    """Paths of this site stay as they are, with their query."""
    assert safe_next(target) == target


def as_browser(target: str) -> str:
    """Return what the URL standard makes of an address: tabs and line ends go, backslashes become slashes."""
    stripped = target.strip("".join(map(chr, range(33))))
    return "".join(char for char in stripped if char not in "\t\r\n").replace("\\", "/")


nasty = st.text(st.sampled_from("/\\.%25cCfF09\t\n\r :@?#aehtps"), max_size=12)


@given(
    st.one_of(
        st.text(max_size=20), nasty, nasty.map(lambda text: f"/{text}"), nasty.map(lambda text: f"/{quote(text)}")
    )
)
def test_never_leaves_the_site(target: str) -> None:
    """Whatever was asked, the browser stays on this host, and the answer can be a header."""
    safe = safe_next(target)
    assert safe.startswith("/")
    assert urlsplit(urljoin("https://own.test/login", as_browser(safe))).netloc == "own.test"
    assert not any(ord(char) < 33 for char in safe)
