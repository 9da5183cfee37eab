"""The interface's own files, and the bundle of its modules."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from webos.ui.assets import STATIC_PATH, Assets
from webos.ui.bundle import bundle_modules


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    Assets().mount(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://test{STATIC_PATH}/") as browser:
        yield browser


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tokens.css", "text/css; charset=utf-8"),
        ("webos.css", "text/css; charset=utf-8"),
        ("webos.js", "text/javascript; charset=utf-8"),
        ("vendor/fuse.min.mjs", "text/javascript; charset=utf-8"),
        ("fonts/inter-latin-wght-normal.woff2", "font/woff2"),
        ("favicon.svg", "image/svg+xml"),
    ],
)
async def test_each_kind_of_file_is_served_as_what_it_is(client: httpx.AsyncClient, name: str, kind: str) -> None:
    """Browsers refuse modules and styles of another type."""
    answer = await client.get(name)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind


async def test_an_address_with_a_version_is_kept_for_good(client: httpx.AsyncClient) -> None:
    """One without is asked for again after an hour, and then need not be sent again."""
    lasting = await client.get("webos.css?v=1")
    short = await client.get("webos.css")
    assert "immutable" in lasting.headers["cache-control"]
    assert short.headers["cache-control"] == "public, max-age=3600"
    again = await client.get("webos.css", headers={"if-none-match": short.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_text_is_packed_for_who_can_unpack_it(client: httpx.AsyncClient) -> None:
    """Once, at the start; fonts are packed already."""
    packed = await client.get("webos.css", headers={"accept-encoding": "gzip"})
    plain = await client.get("webos.css", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    font = await client.get("fonts/inter-latin-wght-normal.woff2", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in font.headers


@pytest.mark.parametrize("name", ["nothing.css", "../assets.py", "%2e%2e/assets.py", "", "css"])
async def test_nothing_else_can_be_had(client: httpx.AsyncClient, name: str) -> None:
    """Neither folders nor files beside ours."""
    assert (await client.get(f"http://test{STATIC_PATH}/{name}")).status_code == 404
    assert (await client.post("tokens.css")).status_code == 404


async def test_fonts_are_named_as_they_are_preloaded(client: httpx.AsyncClient) -> None:
    """Else the browser would fetch them twice."""
    assets = Assets()
    sheet = (await client.get("webos.css")).text
    assert f"inter-latin-wght-normal.woff2?v={assets.version}" in sheet
    assert f'href="{assets.url("fonts/inter-latin-wght-normal.woff2")}"' in assets.head()


def test_addresses_begin_with_the_base_path() -> None:
    """In everything that a page's head names."""
    head = Assets("/tools").head()
    assert head.count('href="/tools/_webos/static/') == head.count("href=")


def test_a_bundle_keeps_each_module_in_its_own_scope() -> None:
    """What a module needs comes before it; names that are not exported may be the same."""
    bundle = bundle_modules(
        {
            "a": 'import { b } from "webos/b-c";\nconst KEY = 1;\nexport const a = b + KEY;\n',
            "b-c": "const KEY = 2;\nexport const b = KEY;\nexport function c() {}\n",
        }
    )
    assert bundle.index("$b_c = ") < bundle.index("$a = ")
    assert "const { b } = $b_c;" in bundle
    assert "export const { b, c } = $b_c;" in bundle
    assert "import" not in bundle


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"a": "export default {};"}, "does not know"),
        ({"a": 'import x from "elsewhere";'}, "does not know"),
        ({"a": "export const x = 1;", "b": "export const x = 2;"}, "more than one module exports x"),
        (
            {
                "a": 'import { b } from "webos/b";\nexport const a = 1;',
                "b": 'import { a } from "webos/a";\nexport const b = 1;',
            },
            "a > b > a",
        ),
    ],
)
def test_what_a_bundle_cannot_do_it_refuses(sources: dict[str, str], said: str) -> None:
    """At the start, not in a browser."""
    with pytest.raises(ValueError, match=said):
        bundle_modules(sources)
