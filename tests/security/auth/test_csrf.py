"""Security cases 11 and 12: no other site acts or leads on a user's behalf."""

import itertools

import pytest

from tests.integration.auth.site import ORIGIN, PAGE, PASSWORD, SAME_SITE, Site

GOOD = [
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
    {"origin": ORIGIN},
    {"sec-fetch-site": "same-origin", "origin": ORIGIN},
]
BAD = [
    {},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": ORIGIN},
    {"origin": "https://evil.test"},
    {"origin": "null"},
    {"origin": f"{ORIGIN}.evil.test"},
    {"origin": "https://testserver"},
    {"origin": "http://testserver:81"},
    {"referer": "https://evil.test/http://testserver/"},
    {"x-requested-with": "XMLHttpRequest"},
]
CHANGING = ["POST", "PUT", "PATCH", "DELETE"]


@pytest.mark.parametrize("headers", BAD)
async def test_other_sites_change_nothing(site: Site, headers: dict[str, str]) -> None:
    """With the cookie and without proof, every changing method answers 403 as a problem, whatever the body's type."""
    client = await site.sign_in("anna")
    types = ("application/json", "text/plain", "application/x-www-form-urlencoded")
    for method, content_type in itertools.product(CHANGING, types):
        answer = await client.request(method, "/form", headers=headers | {"content-type": content_type}, content=b"{}")
        assert answer.status_code == 403
        assert answer.json()["code"] == "webos.request_refused"


@pytest.mark.parametrize("headers", GOOD)
async def test_own_pages_change(site: Site, headers: dict[str, str]) -> None:
    """The positive control: the same requests from our own pages pass."""
    client = await site.sign_in("anna")
    for method in CHANGING:
        answer = await client.request(method, "/form", headers=headers)
        assert (answer.status_code, answer.text) == (200, "Anna")


async def test_no_path_is_left_out(site: Site) -> None:
    """Pages, private and public API, signing out, and what does not exist are all covered."""
    client = await site.sign_in("anna")
    for path in ("/form", "/api/shop/orders", "/auth/logout", "/api/shop/news", "/unknown"):
        answer = await client.post(path, headers={"origin": "https://evil.test"})
        assert answer.json()["code"] == "webos.request_refused", path
    assert (await client.get("/form")).text == "Anna"


async def test_dead_cookie_is_no_way_round(site: Site) -> None:
    """The check does not depend on the cookie being valid."""
    async with site.client(cookies={"webos_session": "x" * 43}) as client:
        answer = await client.post("/api/shop/orders", headers={"origin": "https://evil.test"})
    assert answer.status_code == 403


async def test_links_from_elsewhere_work(site: Site) -> None:
    """Following a link from another site reads a page."""
    client = await site.sign_in("anna")
    for method in ("GET", "OPTIONS"):
        answer = await client.request(method, "/form", headers={"sec-fetch-site": "cross-site"} | PAGE)
        assert (answer.status_code, answer.text) == (200, "Anna")


async def test_unusual_method_is_checked(site: Site) -> None:
    """Only methods that are known to be safe go unchecked."""
    client = await site.sign_in("anna")
    for method in ("TRACE", "PROPFIND"):
        answer = await client.request(method, "/form", headers={"origin": "https://evil.test"})
        assert answer.status_code == 403


@pytest.mark.parametrize("headers", BAD)
async def test_nobody_is_signed_in_from_elsewhere(site: Site, headers: dict[str, str]) -> None:
    """Signing in is checked without any cookie, so that nobody works in an attacker's account unknowingly."""
    async with site.client() as client:
        credentials = {"username": "anna", "password": PASSWORD}
        for options in ({"data": credentials}, {"json": credentials}):
            answer = await client.post("/auth/login", headers=headers, **options)  # type: ignore[arg-type]  # either
            assert answer.status_code == 403
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", GOOD)
async def test_sign_in_from_our_page(site: Site, headers: dict[str, str]) -> None:
    """The positive control."""
    async with site.client() as client:
        answer = await client.post("/auth/login", data={"username": "anna", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 303


BAD_NEXT = [
    "//evil.test",
    "/\\evil.test",
    "https://evil.test",
    "/%2fevil.test",
    "/%5cevil.test",
    "/\t/evil.test",
    "javascript:alert(1)",
    "/\r\nset-cookie:a=b",
    "/%0d%0aset-cookie:a=b",
    "",
]


async def test_bad_next_leads_to_the_start_page(site: Site) -> None:
    """From the address or from the form, signed in already or just now, `next` leads nowhere else."""
    for target in BAD_NEXT:
        async with site.client() as client:
            page = await client.get("/login", params={"next": target})
            assert 'name="next" value="/"' in page.text
            form = {"username": "anna", "password": PASSWORD, "next": target}
            answer = await client.post("/auth/login", data=form, headers=SAME_SITE)
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            answer = await client.get("/login", params={"next": target})
            assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_address_of_a_visitor_is_no_open_redirect(site: Site) -> None:
    """What a visitor's own address would lead to is checked like any other `next`."""
    async with site.client() as client:
        for path in ("//evil.test", "/%2fevil.test", "/%5cevil.test/x"):
            answer = await client.get(f"{ORIGIN}{path}", headers=PAGE)
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize(
    "path", ["register", "join", "forgot", "reset", "verify", "login", "password", "email", "token"]
)
async def test_forms_for_accounts(mail_site: Site, path: str) -> None:
    """No other site sends a form for accounts, with or without the user's cookie; a key in its header proves no form."""
    client = await mail_site.sign_in("anna")
    for headers in BAD:
        answer = await client.post(f"/auth/{path}", data={"x": "y"}, headers=headers)
        assert answer.json()["code"] == "webos.request_refused"
        # Without a cookie a token is made of a password alone, by programs, which send no `Origin`.
        if path not in {"password", "email", "token"}:
            async with mail_site.client() as visitor:
                answer = await visitor.post(f"/auth/{path}", data={"x": "y"}, headers=headers | {"x-api-key": "wbs_x"})
            assert answer.json()["code"] == "webos.request_refused"
