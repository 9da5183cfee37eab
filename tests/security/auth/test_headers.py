"""Security case 27: every answer carries the security headers."""

import pytest

from tests.integration.auth.site import PAGE, SAME_SITE, Site

POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
}
ANSWERS = [
    ("GET", "/", 200),
    ("HEAD", "/", 200),
    ("GET", "/login", 303),
    ("GET", "/api/shop/orders", 200),
    ("GET", "/api/shop/guarded?limit=x", 422),
    ("GET", "/unknown", 404),
    ("DELETE", "/", 405),
    ("GET", "/boom", 500),
    ("POST", "/auth/login", 401),
    ("POST", "/auth/logout", 204),
    ("GET", "/healthz", 200),
    ("GET", "/_webos/static/tokens.css", 200),
    ("POST", "/_webos/static/tokens.css", 405),
]
ANSWERS_TO_VISITORS = [
    ("GET", "/", 303),
    ("GET", "/login", 200),
    ("POST", "/form", 401),
    ("GET", "/api/shop/news", 200),
]


def check(headers: dict[str, str]) -> None:
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert len(headers["x-trace-id"]) == 32


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_answers_to_users(site: Site, method: str, path: str, status: int) -> None:
    """Pages, API, errors, redirects, failures and files all carry them."""
    client = await site.sign_in("anna")
    form = {"username": "anna", "password": "wrong"} if path == "/auth/login" else None
    answer = await client.request(method, path, headers=SAME_SITE, data=form)
    assert answer.status_code == status
    check(dict(answer.headers))
    assert "a secret detail" not in answer.text


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS_TO_VISITORS)
async def test_answers_to_visitors(site: Site, method: str, path: str, status: int) -> None:
    """What the middleware answers itself carries them as well."""
    async with site.client() as client:
        answer = await client.request(method, path, headers=PAGE)
    assert answer.status_code == status
    check(dict(answer.headers))
    assert answer.headers["cache-control"] == "no-store"


async def test_refused_request_has_them(site: Site) -> None:
    """A request from another site is answered like any other."""
    client = await site.sign_in("anna")
    answer = await client.post("/form", headers={"origin": "https://evil.test"})
    assert answer.status_code == 403
    check(dict(answer.headers))


async def test_pages_and_api_are_not_kept(site: Site) -> None:
    """Neither the browser nor a proxy keeps what one user saw for the next."""
    client = await site.sign_in("anna")
    for path in ("/", "/api/shop/orders", "/api/shop/news", "/unknown", "/boom", "/login"):
        assert (await client.get(path)).headers["cache-control"] == "no-store", path


async def test_assets_may_be_kept(site: Site) -> None:
    """Files that are the same for everybody decide for themselves."""
    async with site.client() as client:
        assert "cache-control" not in (await client.get("/_webos/static/tokens.css")).headers


async def test_stricter_policy_of_a_route_stays(site: Site) -> None:
    """A route that hands out foreign content can lock it up further, and say how long it is kept."""
    client = await site.sign_in("anna")
    answer = await client.get("/own-policy")
    assert answer.headers.get_list("content-security-policy") == ["sandbox"]
    assert answer.headers.get_list("cache-control") == ["private, max-age=60"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_failure_names_its_trace_and_nothing_else(site: Site) -> None:
    """An unexpected error tells the user the trace id, which the log has, and no detail."""
    client = await site.sign_in("anna")
    answer = await client.get("/boom")
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]
    assert "RuntimeError" not in answer.text
