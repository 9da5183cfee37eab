"""Signing in and out over HTTP, as a person with a form and as a program with JSON."""

import pytest

from tests.integration.auth.site import ORIGIN, PAGE, PASSWORD, SAME_SITE, Site
from webos.auth.sign_in_request import SignInRequest


async def test_page_asks_for_name_and_password(site: Site) -> None:
    """The page is HTML with labelled fields and the product's name, and remembers where to go."""
    async with site.client() as client:
        answer = await client.get("/login?next=/flights%3Fa=1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for part in (
        "<title>Sign in · Acme Tools</title>",
        '<label for="username">',
        '<label for="password">',
        'action="/auth/login"',
        'name="next" value="/flights?a=1"',
        'href="/_webos/static/tokens.css"',
        'autocomplete="current-password"',
    ):
        assert part in answer.text
    assert 'role="alert"' not in answer.text


async def test_form_goes_on_to_where_one_wanted_to_go(site: Site) -> None:
    """The right password answers 303 with the cookie, which opens the page."""
    async with site.client() as client:
        form = {"username": " anna ", "password": PASSWORD, "next": "/form?x=1"}
        answer = await client.post("/auth/login", data=form, headers=SAME_SITE)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/form?x=1"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await client.get("/form")).text == "Anna"


async def test_failed_form_shows_the_page_again(site: Site) -> None:
    """A wrong or missing name or password answers 401 with the page, a message, and no cookie."""
    for form in [
        {"username": "anna", "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": "anna"},
        {"password": PASSWORD},
        {},
    ]:
        async with site.client() as client:
            answer = await client.post("/auth/login", data={**form, "next": "/form"}, headers=SAME_SITE)
        assert answer.status_code == 401
        assert "The user name or the password is wrong" in answer.text
        assert 'role="alert"' in answer.text
        assert 'name="next" value="/form"' in answer.text
        assert "set-cookie" not in answer.headers


async def test_failed_form_keeps_the_name_as_text(site: Site) -> None:
    """What was entered comes back escaped; the password does not come back."""
    nasty = '"><script>alert(1)</script>'
    async with site.client() as client:
        answer = await client.post(
            "/auth/login", data={"username": nasty, "password": "pa55-in-clear"}, headers=SAME_SITE
        )
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "pa55-in-clear" not in answer.text


async def test_json_answers_json(site: Site) -> None:
    """A program gets the user, and the cookie that opens the API."""
    async with site.client() as client:
        answer = await client.post("/auth/login", json={"username": "ANNA", "password": PASSWORD}, headers=SAME_SITE)
        assert answer.status_code == 200
        user = answer.json()["user"]
        assert user | {"id": ""} == {
            "id": "",
            "username": "Anna",
            "display_name": "Anna A.",
            "roles": ["clerk"],
            "permissions": ["shop.read"],
            "is_superuser": False,
        }
        assert (await client.get("/auth/me")).json() == user


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", None),
        (b"{", None),
        (b"[]", {"body"}),
        (b"null", {"body"}),
        (b"{}", {"username", "password"}),
        (b'{"username": "anna"}', {"password"}),
        (b'{"username": "anna", "password": ""}', {"password"}),
        (b'{"username": {"$ne": null}, "password": {"$ne": null}}', {"username", "password"}),
        (b'{"username": ["anna"], "password": 12345678}', {"username", "password"}),
        (b'{"username": "\xff", "password": "x"}', None),
        (b'{"username": "a", "password": "' + b"x" * 20_000 + b'"}', None),
    ],
)
async def test_refuses_json_that_does_not_fit(site: Site, body: bytes, fields: set[str] | None) -> None:
    """Anything but two texts, operators of the database too, answers 422 and repeats nothing of it."""
    async with site.client() as client:
        headers = SAME_SITE | {"content-type": "application/json"}
        answer = await client.post("/auth/login", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json().get("errors", [])) == (fields or set())
    assert "12345678" not in answer.text


async def test_survives_any_form(site: Site) -> None:
    """A form that is no form is refused without an error of the server."""
    for content in [b"&" * 50, b"a=1&" * 50, b"x" * 20_000, b"\xff=\xfe&username=%ff%00"]:
        async with site.client() as client:
            headers = SAME_SITE | {"content-type": "application/x-www-form-urlencoded"}
            answer = await client.post("/auth/login", content=content, headers=headers)
        assert answer.status_code in {401, 422}


async def test_wrong_json_password_is_a_problem(site: Site) -> None:
    """A program gets 401 with a code it can rely on."""
    async with site.client() as client:
        answer = await client.post("/auth/login", json={"username": "anna", "password": "x"}, headers=SAME_SITE)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "webos.auth.sign_in_failed"
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


async def test_who_is_signed_in_need_not_sign_in(site: Site) -> None:
    """The sign-in page leads on at once."""
    client = await site.sign_in("anna")
    answer = await client.get("/login?next=/form")
    assert (answer.status_code, answer.headers["location"]) == (303, "/form")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"data": {"x": "y"}}, 303),
        ({"headers": PAGE}, 303),
        ({"json": {}}, 204),
        ({}, 204),
        ({"json": {}, "headers": PAGE}, 204),
    ],
)
async def test_sign_out(site: Site, options: dict[str, dict[str, str]], status: int) -> None:
    """People go to the sign-in page, programs get an empty answer; either way the cookie is gone."""
    client = await site.sign_in("anna")
    headers = SAME_SITE | options.pop("headers", {})
    answer = await client.post("/auth/logout", headers=headers, **options)  # type: ignore[arg-type]  # from the table
    assert answer.status_code == status
    assert answer.headers.get("location") == ("/login" if status == 303 else None)
    assert not client.cookies
    assert (await client.get("/auth/me")).status_code == 401


async def test_sign_out_without_a_session(site: Site) -> None:
    """Signing out twice is no error."""
    async with site.client() as client:
        assert (await client.post("/auth/logout", data={"x": "y"})).status_code == 303


async def test_me_needs_somebody(site: Site) -> None:
    """Visitors get 401."""
    async with site.client() as client:
        answer = await client.get("/auth/me")
    assert answer.status_code == 401
    assert answer.json()["code"] == "webos.not_signed_in"


async def test_works_below_a_prefix(site: Site) -> None:
    """Mounted under a path, redirects and the form stay below it."""

    async def mounted(scope: object, receive: object, send: object) -> None:
        assert isinstance(scope, dict)
        scope["root_path"] = "/tools"
        await site.app(scope, receive, send)  # type: ignore[arg-type]  # passed on as it came

    site_below = Site(site.settings, site.auth, site.clock, mounted)
    async with site_below.client() as client:
        answer = await client.get("/tools/form?x=1", headers=PAGE)
        assert answer.headers["location"] == "/tools/login?next=/form%3Fx%3D1"
        assert 'action="/tools/auth/login"' in (await client.get(answer.headers["location"])).text
        form = {"username": "anna", "password": PASSWORD, "next": "/form?x=1"}
        answer = await client.post("/tools/auth/login", data=form, headers=SAME_SITE)
        assert answer.headers["location"] == "/tools/form?x=1"
        assert (await client.get(answer.headers["location"])).text == "Anna"


def test_entered_password_is_not_shown() -> None:
    """What somebody entered can be logged without the password."""
    assert "hunter2" not in repr(SignInRequest("anna", "hunter2"))


async def test_sign_in_is_documented(site: Site) -> None:
    """The routes for programs are in the API's description, the page is not."""
    client = await site.sign_in("root")
    paths = (await client.get(f"{ORIGIN}/openapi.json")).json()["paths"]
    assert {"/auth/login", "/auth/logout", "/auth/me"} <= set(paths)
    assert "/login" not in paths
    content = paths["/auth/login"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-www-form-urlencoded"}
