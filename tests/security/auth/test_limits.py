"""Security case 26, and the size of bodies: nobody asks for more than he may, whatever route he takes."""

import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Request, UploadFile
from fastapi.responses import PlainTextResponse
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.auth.site import ORIGIN, SAME_SITE, Site, build_site, served
from webos.auth import require_user
from webos.auth.limits import RateLimits, RateStore, RouteLimiter, accepts_large_body, check_route_limits
from webos.auth.limits.policy import parsed
from webos.data.connection import Connection
from webos.kernel.errors import ConfigurationError
from webos.kernel.settings import Settings
from webos.server.edge import install_limits

MB = 1024 * 1024


def add_bodies(router: APIRouter) -> None:
    """Add routes that take bodies."""

    @router.post("/json")
    async def take_json(body: Annotated[dict[str, str], Body()]) -> int:
        return len(body)

    @router.post("/raw")
    async def take_raw(request: Request) -> int:
        try:
            return len(await request.body())
        except Exception:  # noqa: BLE001 - what it catches must not let the body in
            return -1

    @router.post("/file")
    async def take_file(file: UploadFile) -> int:
        return len(await file.read())

    @router.post("/large")
    @accepts_large_body(3)
    async def take_large(request: Request) -> int:
        return len(await request.body())

    @router.post("/upload")
    @accepts_large_body()
    async def take_upload(request: Request) -> int:
        return len(await request.body())

    @router.post("/ignores")
    async def ignore() -> str:
        return "fine"


def add_routes(web: FastAPI) -> None:
    """Add a module's routes: its own, included ones, and a mounted application; and routes that take bodies."""
    inner, router, limiter = APIRouter(prefix="/inner"), APIRouter(), RouteLimiter()

    @inner.get("/deep")
    @router.get("/own")
    async def own() -> str:
        return "fine"

    @router.get("/dear")
    @limiter.limit("2/minute")
    async def dear(request: Request) -> str:
        del request
        return "fine"

    mounted = FastAPI()

    @mounted.get("/page")
    async def page() -> PlainTextResponse:
        return PlainTextResponse("fine")

    add_bodies(router)
    add_bodies(mounted.router)
    router.include_router(inner)
    for module in ("shop", "blog"):
        web.include_router(router, prefix=f"/api/{module}", dependencies=[Depends(require_user)])
        web.mount(f"/api/{module}/mounted", mounted)


async def limited(mongo: Connection, site: Site, **settings: object) -> Site:
    """Return a site with limits."""
    chosen = Settings(data_dir=site.settings.data_dir, _env_file=None, **settings)  # type: ignore[arg-type]  # any
    built = await build_site(mongo, chosen)
    assert isinstance(built.app, FastAPI)
    add_routes(built.app)
    install_limits(built.app, chosen)
    return built


@pytest.fixture
async def shop(mongo: Connection, site: Site) -> Site:
    """Return a site on which each user may ask each module three times a minute, and send one megabyte."""
    return await limited(mongo, site, rate_limit="3/minute", body_limit_mb=1, upload_limit_mb=4)


@pytest.mark.parametrize("path", ["own", "inner/deep", "mounted/page", "nothing-there"])
async def test_every_way_into_a_module_counts(shop: Site, path: str) -> None:
    """Own, included and mounted routes, and what does not exist: the fourth request is refused, with all headers."""
    client = await shop.sign_in("anna")
    for left in (2, 1, 0):
        answer = await client.get(f"/api/shop/{path}")
        assert answer.status_code in {200, 404}
        assert answer.headers["ratelimit-policy"] == '"shop";q=3;w=60'
        assert answer.headers["ratelimit"].startswith(f'"shop";r={left};t=')
    refused = await client.get(f"/api/shop/{path}")
    assert (refused.status_code, refused.json()["code"]) == (429, "webos.too_many_requests")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "x-trace-id" in refused.headers
    assert "content-security-policy" in refused.headers


async def test_modules_and_users_do_not_share(shop: Site) -> None:
    """What one user asks of one module takes nothing from other modules or users; his keys and sessions count together."""
    anna, bob = await shop.sign_in("anna"), await shop.sign_in("bob")
    again = await shop.sign_in("anna", address="10.0.0.2")
    for client in (anna, again, anna):
        assert (await client.get("/api/shop/own")).status_code == 200
    assert (await again.get("/api/shop/own")).status_code == 429
    account = await shop.auth.find_user("anna")
    assert account is not None
    key, _ = await shop.auth.keys.create(account.id, "test", ["*"], days=1)
    async with shop.client() as program:
        assert (await program.get("/api/shop/own", headers={"x-api-key": key})).status_code == 429
    assert (await anna.get("/api/blog/own")).status_code == 200
    assert (await bob.get("/api/shop/own")).status_code == 200
    assert (await anna.get("/form")).status_code == 200


async def test_visitors_are_counted_by_address(shop: Site) -> None:
    """A visitor's address counts, for IPv6 all of his network, and what his headers claim does not."""
    for address, other in (("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8:1::1")):
        async with shop.client(address) as visitor, shop.client(other) as neighbour:
            for number in range(3):
                claimed = {"x-forwarded-for": f"203.0.113.{number}"}
                assert (await visitor.get("/api/shop/news", headers=claimed)).status_code == 200
            assert (await visitor.get("/api/shop/news")).status_code == 429
            assert (await neighbour.get("/api/shop/news")).status_code == 200
    async with shop.client("2001:db8::2") as same:
        assert (await same.get("/api/shop/news")).status_code == 429


async def test_limit_of_one_route(mongo: Connection, site: Site) -> None:
    """A SlowAPI limit refuses the third request of each user as a problem with `Retry-After`, on every mount."""
    site = await limited(mongo, site, rate_limit="off")
    anna, bob = await site.sign_in("anna"), await site.sign_in("bob")
    for path in ("/api/shop/dear", "/api/blog/dear"):
        assert (await anna.get(path)).status_code == 200
    refused = await anna.get("/api/shop/dear")
    assert (refused.status_code, refused.json()["code"]) == (429, "webos.rate_limit_exceeded")
    assert refused.headers["retry-after"] == "60"
    assert "ratelimit" not in refused.headers
    assert (await bob.get("/api/shop/dear")).status_code == 200
    for _ in range(9):
        assert (await anna.get("/api/shop/own")).status_code == 200


def test_limits_that_would_not_hold_are_found() -> None:
    """SlowAPI's silent ways to limit nothing are errors: no limit, above the route, no request, two of one name."""
    own = RouteLimiter()
    with pytest.raises(ConfigurationError, match="not a limit"):
        own.limit("often")
    with pytest.raises(ConfigurationError, match="request: Request"):
        own.limit("1/minute")(lambda: None)

    def twice(request: Request) -> None:
        del request

    stacked = own.limit("1/minute")(own.limit("5/hour")(twice))
    assert stacked is not twice

    def other(request: Request) -> None:
        del request

    other.__name__ = "twice"
    with pytest.raises(ConfigurationError, match="one name"):
        own.limit("1/minute")(other)
    part, router, outer = types.ModuleType("part"), APIRouter(), APIRouter()
    router.add_api_route("/good", stacked)
    outer.include_router(router)
    part.__dict__.update(router=outer, limiter=own)
    check_route_limits(part)
    router.add_api_route("/bad", twice)
    with pytest.raises(ConfigurationError, match="below the route's decorator"):
        check_route_limits(part)


async def chunks(size: int) -> AsyncIterator[bytes]:
    """Yield a body without saying how long it is."""
    for _ in range(size // 65536):
        yield b"x" * 65536


BODIES = [
    ("raw", MB, 200),
    ("raw", MB + 65536, 413),
    ("json", 2 * MB, 413),
    ("mounted/json", 2 * MB, 413),
    ("large", 2 * MB, 200),
    ("large", 3 * MB + 65536, 413),
    ("upload", 4 * MB, 200),
    ("upload", 4 * MB + 65536, 413),
    ("ignores", 0, 200),
]


@pytest.mark.parametrize("chunked", [False, True])
async def test_size_of_bodies(mongo: Connection, site: Site, *, chunked: bool) -> None:
    """Over a real connection, with its length and without: what is too large answers 413 and is not read to its end."""
    built = await limited(mongo, site, rate_limit="off", body_limit_mb=1, upload_limit_mb=4)
    account = await built.auth.find_user("root")
    assert account is not None
    key, _ = await built.auth.keys.create(account.id, "test", ["*"], days=1)
    headers = {"x-api-key": key, "content-type": "application/json"}
    async with served(lambda _: built.app) as address, httpx.AsyncClient(base_url=address, timeout=20) as client:
        for path, size, status in BODIES:
            content = chunks(size) if chunked else b"x" * size
            answer = await client.post(f"/api/shop/{path}", content=content, headers=headers)
            assert answer.status_code == status, (path, size)
            if status == 413:
                assert answer.json()["code"] == "webos.body_too_large"
                assert answer.headers["content-type"] == "application/problem+json"
                assert "x-trace-id" in answer.headers


async def test_forms_are_limited(shop: Site) -> None:
    """A file in a form counts as the body does."""
    client = await shop.sign_in("anna")
    for size, status in ((1000, 200), (2 * MB, 413)):
        answer = await client.post("/api/shop/file", files={"file": b"x" * size}, headers=SAME_SITE)
        assert answer.status_code == status


async def test_nobody_is_limited_while_redis_is_away(site: Site) -> None:
    """A store that does not answer lets requests pass."""
    store = RateStore("redis://127.0.0.1:9/0")
    limit = parsed("1/minute")
    assert limit is not None
    assert [await store.hit(limit, "shop", "anna") for _ in range(3)] == [None] * 3
    assert site.settings.rate_limit == "3000/minute"


def test_which_limit_counts() -> None:
    """The setting for a module wins over its manifest, which wins over the setting for all; `off` is none."""
    limits = RateLimits("9/minute, blog=off, shop=2/second")
    limits.declare({"shop": "5/hour", "stock": "7/hour", "plain": "", "blog": "1/day"})
    found = {name: limits.of(name) for name in ("shop", "stock", "plain", "blog", "other")}
    amounts = {name: None if item is None else (item.amount, item.get_expiry()) for name, item in found.items()}
    assert amounts == {"shop": (2, 1), "stock": (7, 3600), "plain": (9, 60), "blog": None, "other": (9, 60)}
    assert RateLimits("off").of("shop") is None
    with pytest.raises(ValueError, match="not a limit"):
        limits.declare({"shop": "often"})
    with pytest.raises(ValueError, match="at least 1 MB"):
        accepts_large_body(0)


@given(st.text(max_size=30))
def test_settings_take_no_limit_that_cannot_be_read(text: str) -> None:
    """Whatever is accepted as the setting can be used."""
    try:
        settings = Settings(rate_limit=text, _env_file=None)
    except ValueError:
        return
    RateLimits(settings.rate_limit)


HOSTS = {
    "testserver": 200,
    "tools.example.com": 200,
    "TOOLS.example.com:8443": 200,
    "a.inner.example": 200,
    "inner.example": 400,
    "evil.test": 400,
    "evil.test#.inner.example": 400,
    "tools.example.com.evil.test": 400,
    "tools.example.com@evil.test": 400,
    "tools.example.com/..": 400,
    "": 400,
}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
async def test_only_known_hosts_are_answered(mongo: Connection, tmp_path: Path, host: str, status: int) -> None:
    """A request for another host answers 400 with the usual headers, also for sign-in, assets and what is missing."""
    names = "tools.example.com, *.inner.example"
    settings = Settings(data_dir=tmp_path, public_url=ORIGIN, trusted_hosts=names, _env_file=None)
    site = await build_site(mongo, settings)
    async with site.client() as client:
        for path in ("/login", "/_webos/static/tokens.css"):
            answer = await client.get(path, headers={"host": host})
            assert answer.status_code == status, path
            assert "content-security-policy" in answer.headers
            assert status == 200 or answer.json()["code"] == "webos.host_not_known"
        assert (await client.get("/healthz", headers={"host": host})).status_code == 200


async def test_odd_hosts_are_refused_by_default(site: Site) -> None:
    """Without a setting any name is answered that is one."""
    async with site.client() as client:
        for host, status in (("anything", 200), ("[::1]:8080", 200), ("a b", 400), ("a/b", 400), ("a:b", 400)):
            assert (await client.get("/login", headers={"host": host})).status_code == status, host


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        ("10.0.0.5", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.5", "198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("10.0.0.5", "2001:db8::9", "2001:db8::9"),
        ("10.0.0.5", "[2001:db8::9]:4711", "2001:db8::9"),
        ("10.0.0.5", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "nonsense", "10.0.0.5"),
        ("10.0.0.5", "203.0.113.9, nonsense", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.6", "10.0.0.5"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
    ],
)
async def test_forwarded_addresses(mongo: Connection, tmp_path: Path, peer: str, forwarded: str, seen: str) -> None:
    """Only a trusted proxy names the address of a visitor: the nearest one that is no proxy."""
    settings = Settings(data_dir=tmp_path, trusted_proxies="10.0.0.0/8", _env_file=None)
    site = await build_site(mongo, settings)
    await site.auth.create_user("anna", "correct horse")
    headers = SAME_SITE | {"x-forwarded-for": forwarded}
    async with site.client(peer) as client:
        body = {"username": "anna", "password": "correct horse"}
        assert (await client.post("/auth/login", json=body, headers=headers)).status_code == 200
    account = await site.auth.find_user("anna")
    assert account is not None
    (session,) = await site.auth.list_sessions(account.id)
    assert session.address == seen


async def test_forwarded_scheme_and_host(mongo: Connection, tmp_path: Path) -> None:
    """Behind a trusted proxy a page of the public host may act; from elsewhere the same headers prove nothing."""
    settings = Settings(data_dir=tmp_path, trusted_proxies="10.0.0.5", _env_file=None)
    site = await build_site(mongo, settings)
    await site.auth.create_user("anna", "correct horse")
    headers = {
        "origin": "https://tools.example.com",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "tools.example.com",
    }
    for peer, status in (("10.0.0.5", 200), ("192.0.2.1", 403)):
        async with site.client(peer) as client:
            body = {"username": "anna", "password": "correct horse"}
            assert (await client.post("/auth/login", json=body, headers=headers)).status_code == status
