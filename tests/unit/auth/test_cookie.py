"""The session cookie."""

import pytest
from starlette.responses import Response

from webos.auth import SessionCookie
from webos.kernel.settings import Settings


def cookie_for(public_url: str | None) -> SessionCookie:
    return SessionCookie.of(Settings(public_url=public_url, session_hours=2, _env_file=None))


def test_plain_cookie_is_kept_from_scripts_and_other_sites() -> None:
    """Over http it is HttpOnly and SameSite=Lax."""
    response = Response()
    cookie_for(None).write(response, "t0ken")
    written = response.headers["set-cookie"]
    assert written.startswith("webos_session=t0ken;")
    parts = {part.strip().lower() for part in written.split(";")[1:]}
    assert parts == {"httponly", "max-age=7200", "path=/", "samesite=lax"}


def test_cookie_behind_https_is_bound_to_the_host() -> None:
    """With an https address it is also Secure, and its prefix keeps other hosts of the domain from setting it."""
    response = Response()
    cookie_for("https://tools.example.com").write(response, "t0ken")
    written = response.headers["set-cookie"].lower()
    assert written.startswith("__host-webos_session=t0ken;")
    assert "secure" in written
    assert "domain" not in written


def test_cleared_cookie_expires_at_once() -> None:
    """Clearing has the same attributes, or browsers would refuse it."""
    response = Response()
    cookie_for("https://tools.example.com").clear(response)
    written = response.headers["set-cookie"].lower()
    assert 'webos_session=""' in written
    assert "max-age=0" in written
    assert "secure" in written


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        (b"", None),
        (b"a=b", None),
        (b"xwebos_session=t", None),
        (b"webos_sessionx=t", None),
        (b"a=webos_session=t", None),
        (b"a=b webos_session=t", None),
        (b"webos_session", None),
        (b"xwebos_session=no; webos_session=t ;a=b", "t"),
        (b"a=webos_session=no;  webos_session=t", "t"),
        (b"webos_session=t", "t"),
        (b"a=b; webos_session=t; c=d", "t"),
        (b"a=b;webos_session=t", "t"),
        (b"webos_session=first; webos_session=second", "first"),
        (b"webos_session=", ""),
        (b"webos_session=\xff", "\xff"),
    ],
)
def test_reads(header: bytes | None, token: str | None) -> None:
    """Only the cookie of exactly this name counts."""
    assert cookie_for(None).read(header) == token
