"""The shades of a brand's colour, and what settings take for a brand."""

import re
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.ui.test_tokens import PAIRS
from tests.unit.ui.test_tokens import colours as own_colours
from webos.kernel.errors import ConfigurationError
from webos.kernel.settings import load_settings
from webos.ui.assets import STATIC_PATH, Assets
from webos.ui.brand import brand_tokens, contrast

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@settings(max_examples=150, deadline=None)
@given(COLOURS)
@example("#ffffff")
@example("#000000")
@example("#ffff00")
@example("#0000ff")
def test_any_colour_gives_shades_that_can_be_read(colour: str) -> None:
    """All pairs of the tokens keep WCAG AA, in both themes, whatever the brand's colour is."""
    made = {
        name: (light, dark)
        for name, light, dark in re.findall(r"--w-([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", brand_tokens(colour))
    }
    for front, back, least in PAIRS:
        for theme in (0, 1):
            first, second = (made.get(name, own_colours(name))[theme] for name in (front, back))
            if front in made or back in made:
                needed = 4.5 if front == "on-primary" else least
                assert (front == "on-primary" and back == "danger-fill") or contrast(first, second) >= needed, (
                    front,
                    back,
                )


def test_a_colour_that_can_be_read_is_taken_as_it_is() -> None:
    """Nobody's brand becomes another colour without need."""
    assert "--w-primary: light-dark(#0a7d5a, #0a7d5a);" in brand_tokens("#0a7d5a")


async def test_every_page_gets_the_colour_and_the_logo(tmp_path: Path) -> None:
    """The stylesheets hold the brand's tokens after our own; a drawing may run nothing where it is opened by itself."""
    logo = tmp_path / "acme.svg"
    logo.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    assets = Assets("", "#0a7d5a", logo)
    async with AsyncClient(transport=ASGITransport(assets), base_url="http://brand") as client:
        sheets = [(await client.get(f"/{name}")).text for name in ("tokens.css", "webos.css")]
        answer = await client.get(assets.logo.removeprefix(STATIC_PATH))
    assert all(text.rindex("#0a7d5a") > text.index("--w-primary:") for text in sheets)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert assets.version != Assets().version


@pytest.mark.parametrize(
    ("name", "value"),
    [("brand_color", "green"), ("brand_color", "#12345"), ("brand_name", ""), ("brand_name", "x" * 41)],
)
def test_what_is_no_brand_is_refused(name: str, value: str) -> None:
    """The message names the variable."""
    with pytest.raises(ConfigurationError, match=f"WEBOS_{name.upper()}"):
        load_settings(**{name: value})


def test_a_logo_has_to_be_a_picture(tmp_path: Path) -> None:
    """Neither what is not there nor what is no picture."""
    text = tmp_path / "logo.html"
    text.write_text("<script>")
    for path in (text, tmp_path / "missing.svg"):
        with pytest.raises(ConfigurationError, match="WEBOS_BRAND_LOGO"):
            load_settings(brand_logo=path)
