"""Telling our own pages from those of other sites."""

import pytest

from webos.auth.origin import OriginCheck

CHECK = OriginCheck("https://tools.example.com")


def permits(scheme: str = "http", **headers: str) -> bool:
    """Ask about a request to `10.0.0.5:8080`, whose public address is another."""
    named = {"host": "10.0.0.5:8080"} | {name.replace("_", "-"): value for name, value in headers.items()}
    raw = {name.encode(): value.encode() for name, value in named.items()}
    return CHECK.permits({"scheme": scheme}, raw)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_permits_what_the_browser_vouches_for(site: str) -> None:
    """The browser's own word counts, whatever `Origin` looks like behind a proxy."""
    assert permits(sec_fetch_site=site)
    assert permits(sec_fetch_site=site, origin="https://other.example.com")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "same-origin, none", "SAME-ORIGIN"])
def test_refuses_what_the_browser_calls_foreign(site: str) -> None:
    """Another site, and another host of the same domain, are foreign, also with our own `Origin`."""
    assert not permits(sec_fetch_site=site)
    assert not permits(sec_fetch_site=site, origin="https://tools.example.com")


@pytest.mark.parametrize("origin", ["https://tools.example.com", "HTTPS://Tools.Example.com", "http://10.0.0.5:8080"])
def test_permits_own_origin(origin: str) -> None:
    """Without the browser's word the public address and the one that was called are our own."""
    assert permits(origin=origin)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.test",
        "https://tools.example.com.evil.test",
        "https://tools.example.com:444",
        "http://tools.example.com",
        "https://10.0.0.5:8080",
        "http://10.0.0.5",
        "http://10.0.0.5:80801",
        "tools.example.com",
        "https://tools.example.com@evil.test",
    ],
)
def test_refuses_any_other_origin(origin: str) -> None:
    """Scheme, host and port have to be equal; a `Referer` does not help a foreign `Origin`."""
    assert not permits(origin=origin)
    assert not permits(origin=origin, referer="https://tools.example.com/")


def test_websocket_scheme_counts_as_its_http_one() -> None:
    """Pages name themselves by http, sockets by ws."""
    assert permits("ws", origin="http://10.0.0.5:8080")
    assert permits("wss", origin="https://10.0.0.5:8080")
    assert not permits("ws", origin="https://10.0.0.5:8080")


@pytest.mark.parametrize(
    ("referer", "own"),
    [
        ("https://tools.example.com/page", True),
        ("http://10.0.0.5:8080/", True),
        ("https://evil.test/https://tools.example.com/", False),
        ("/page", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_referer_stands_in(referer: str, own: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Where neither header is sent, as on a polling request over plain http, `Referer` decides."""
    assert permits(referer=referer) is own


def test_refuses_a_request_without_any_proof() -> None:
    """No header at all is no proof."""
    assert not permits()


def test_missing_host_is_no_origin() -> None:
    """A request without `Host` matches no origin that ends where the host would begin."""
    assert not CHECK.permits({"scheme": "http"}, {b"origin": b"http://"})
