"""The identity middleware around a real application."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pymongo.errors import ServerSelectionTimeoutError
from starlette.staticfiles import StaticFiles

from tests.integration.auth.site import ORIGIN, PAGE, PASSWORD, SAME_SITE, Site, served
from webos.auth import IdentityMiddleware, auth_router, install_identity
from webos.kernel.context import ctx_trace_id, ctx_user
from webos.kernel.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_user_and_trace_reach_the_route(site: Site) -> None:
    """A route sees the signed-in user and the caller's trace, which the answer names."""
    client = await site.sign_in("anna")
    answer = await client.get("/api/shop/orders", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    assert answer.json() == {"user": "Anna", "trace": TRACE}
    assert answer.headers["x-trace-id"] == TRACE
    assert (await client.get("/api/shop/orders")).headers["x-trace-id"] != TRACE


async def test_context_ends_with_the_request(site: Site) -> None:
    """Nothing of a request's user stays behind in the context it came from."""
    client = await site.sign_in("anna")
    await client.get("/api/shop/orders")
    assert ctx_user.get(None) is None
    assert ctx_trace_id.get(None) is None


async def test_users_do_not_mix(site: Site) -> None:
    """Hundreds of requests of three people and visitors at once each see their own user."""
    clients = {name: await site.sign_in(name) for name in ("Anna", "bob", "root")} | {"anonymous": site.client()}

    async def ask(name: str) -> tuple[str, str]:
        return name, (await clients[name].get("/api/shop/news")).json()["user"]

    answers = await asyncio.gather(*(ask(name) for _ in range(60) for name in clients))
    assert all(expected == seen for expected, seen in answers)


async def test_visitor_is_sent_to_sign_in(site: Site) -> None:
    """A page answers a visitor's browser with the way to the sign-in page and back."""
    for path in ["/", "/form?a=1&b=/x", "/unknown", "/openapi.json", "/docs", "/auth/me"]:
        async with site.client() as client:
            answer = await client.get(path, headers=PAGE)
            assert answer.status_code == 303
            where = answer.headers["location"]
            assert where.partition("?")[0] == "/login"
            page = await client.get(where)
        expected = path.replace("&", "&amp;")
        assert f'name="next" value="{expected}"' in page.text


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", "/form"), ("PUT", "/form"), ("DELETE", "/x"), ("OPTIONS", "/form")]
)
async def test_visiting_program_is_refused(site: Site, method: str, path: str) -> None:
    """Anything but a page in a browser answers 401 as a problem document."""
    async with site.client() as client:
        answer = await client.request(method, path)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


async def test_private_api_refuses_visitors_and_public_one_serves_them(site: Site) -> None:
    """The routes of the API decide for themselves."""
    async with site.client() as client:
        for path in ("/api/shop/orders", "/api/shop/guarded", "/api/shop/guarded-sync", "/api/shop/depends"):
            answer = await client.get(path, headers=PAGE)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/api/shop/news")).json() == {"user": "anonymous"}
    assert (await (await site.sign_in("bob")).get("/api/shop/news")).json() == {"user": "bob"}


async def test_permission_on_routes(site: Site) -> None:
    """A route that requires a permission answers 403 without it and works with it, sync and async."""
    for username, status in {"bob": 403, "anna": 200, "root": 200}.items():
        client = await site.sign_in(username)
        for path in ("/api/shop/guarded", "/api/shop/guarded-sync", "/api/shop/depends"):
            assert (await client.get(path)).status_code == status


async def test_guarded_route_keeps_its_parameters(site: Site) -> None:
    """FastAPI still reads and checks the parameters behind the decorator."""
    client = await site.sign_in("anna")
    assert (await client.get("/api/shop/guarded?limit=7")).json() == {"limit": 7}
    assert (await client.get("/api/shop/guarded?limit=x")).status_code == 422


@pytest.mark.parametrize("path", ["/healthz", "/_webos/static/tokens.css", "/_nicegui/3.18.0/static/x.js"])
async def test_assets_are_open_and_ask_no_database(site: Site, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is the same for everybody comes without a look at the session."""
    client = await site.sign_in("anna")
    site.clock.advance(10)

    async def unexpected(key: str) -> Any:
        raise AssertionError(key)

    monkeypatch.setattr(site.auth._parts.stored_sessions, "get", unexpected)  # to see that it is not asked
    assert (await client.get(path)).text == "asset"


async def test_files_of_pages_are_closed(site: Site) -> None:
    """Generated files and uploads lie below the same prefix as assets and are not open."""
    client = await site.sign_in("anna")
    for path in ("/_nicegui/auto/static/t/report.pdf", "/_nicegui/client/c/upload/1"):
        async with site.client() as visitor:
            assert (await visitor.get(path)).status_code == 401
        assert (await client.get(path)).text == "asset"


async def test_no_way_round_by_the_path(site: Site) -> None:
    """Odd paths, sent as they are, open nothing to a visitor."""
    paths = ["/login/../form", "//form", "/api/../form", "/_webos/static/../../form", "/%2e%2e/form", "/form/", "/FORM"]
    async with served(lambda _: site.app) as address:
        host, port = address.removeprefix("http://").split(":")
        for path in paths:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = (await reader.read()).decode()
            writer.close()
            await writer.wait_closed()
            assert answer.split()[1] in {"401", "404"}, path
            assert "anonymous" not in answer


async def test_forwarded_prefix_is_not_believed(site: Site) -> None:
    """A header that would lead redirects elsewhere does not get in; the others do."""
    client = await site.sign_in("anna")
    answer = await client.get("/seen-headers", headers={"X-Forwarded-Prefix": "//evil.test", "X-Kept": "yes"})
    assert answer.json()["x-kept"] == "yes"
    assert "x-forwarded-prefix" not in answer.json()


async def test_split_cookie_headers_are_joined(site: Site) -> None:
    """Proxies that speak HTTP/2 may send several `Cookie` headers; the session in any of them counts, for CSRF too."""
    client = await site.sign_in("anna")
    token = client.cookies["webos_session"]
    headers = [("cookie", "a=b"), ("cookie", f"webos_session={token}"), ("cookie", "c=d")]
    async with site.client() as other:
        assert (await other.get("/api/shop/orders", headers=headers)).json()["user"] == "Anna"
        assert (await other.post("/api/shop/orders", headers=headers)).status_code == 403


async def test_database_that_is_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While sessions cannot be looked up nobody gets in, the answer says so, and the sign-in page still comes."""
    client = await site.sign_in("anna")
    site.clock.advance(10)

    async def away(key: str) -> Any:
        msg = f"mongodb://secret@host {key}"
        raise ServerSelectionTimeoutError(msg)

    monkeypatch.setattr(
        site.auth._parts.stored_sessions, "get", away
    )  # stopping the shared server would stop other tests
    answer = await client.get("/", headers=PAGE)
    assert answer.status_code == 503
    assert answer.json()["code"] == "webos.unavailable"
    assert "secret" not in answer.text
    assert (await client.get("/login")).status_code == 200


async def test_lifespan_passes(site: Site) -> None:
    """The server's start and stop reach the application."""
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await site.app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_sign_in_is_in_the_state(site: Site) -> None:
    """Other parts find the session's public id beside the user, and no token."""
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope["state"]["sign_in"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client = await site.sign_in("anna")
    wrapped = IdentityMiddleware(app, sessions=site.auth.sessions, settings=site.settings)
    bare = Site(site.settings, site.auth, site.clock, wrapped)
    async with bare.client(cookies=client.cookies) as user, bare.client() as visitor:
        await user.get("/api/x")
        await visitor.get("/api/x")
    assert seen[1] is None
    assert seen[0].principal.username == "Anna"
    assert client.cookies["webos_session"] not in repr(seen[0])


async def test_own_host_counts_as_own_origin(site: Site) -> None:
    """Under any name the server is called by, its own pages may act."""
    client = await site.sign_in("anna")
    token = client.cookies["webos_session"]
    headers = {
        "host": "tools.internal:8080",
        "origin": "http://tools.internal:8080",
        "cookie": f"webos_session={token}",
    }
    async with site.client() as other:
        assert (await other.post("/api/shop/orders", headers=headers)).status_code == 200
        assert (await other.post("/api/shop/orders", headers=headers | SAME_SITE)).status_code == 403
    assert (await client.post("/api/shop/orders", headers={"origin": ORIGIN})).status_code == 200


@pytest.mark.parametrize("prefix", ["", "/tools"])
async def test_path_of_the_public_address_is_kept(site: Site, prefix: str) -> None:
    """Behind a proxy that serves us below a path, cutting it off or not, every address stays below it."""
    settings = Settings(public_url="https://example.com/tools", _env_file=None)
    own = {"origin": "https://example.com"}
    web = FastAPI()
    web.include_router(auth_router(site.auth, settings))
    web.mount("/files", StaticFiles(directory=Path(__file__).parent))
    install_identity(web, sessions=site.auth.sessions, settings=settings)
    proxied = Site(settings, site.auth, site.clock, web)
    async with proxied.client() as client:
        answer = await client.get(f"{prefix}/flights?a=1", headers=PAGE)
        assert answer.headers["location"] == "/tools/login?next=/flights%3Fa%3D1"
        assert (await client.get(f"{prefix}/", headers=PAGE)).headers["location"] == "/tools/login"
        assert (await client.get("/tools", headers=PAGE)).headers["location"] == "/tools/login"
        assert 'action="/tools/auth/login"' in (await client.get(f"{prefix}/login")).text
        form = {"username": "anna", "password": PASSWORD, "next": "/flights"}
        answer = await client.post(f"{prefix}/auth/login", data=form, headers=own)
        assert (answer.status_code, answer.headers["location"]) == (303, "/tools/flights")
        cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
        assert cookie["cookie"].startswith("__Host-webos_session=")
        mine = await client.get(f"{prefix}/files/test_middleware.py", headers=cookie)
        assert mine.status_code == 200
        assert "test_path_of_the_public_address_is_kept" in mine.text
