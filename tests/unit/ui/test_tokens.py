"""The design tokens keep what they promise."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[3] / "src" / "webos" / "ui" / "static"
TOKENS = (STATIC / "tokens.css").read_text()

SURFACES = ("bg", "surface", "surface-2")
PAIRS = [
    *((text, surface, 4.5) for text in ("text", "text-muted", "text-faint") for surface in SURFACES),
    *((text, "surface-3", 4.5) for text in ("text", "text-muted")),
    *(("on-primary", fill, 4.5) for fill in ("primary", "primary-hover", "danger-fill")),
    *(("primary-text", surface, 4.5) for surface in (*SURFACES, "primary-soft")),
    *(
        (tone, surface, 4.5)
        for tone in ("success", "warning", "danger")
        for surface in ("surface", "bg", f"{tone}-soft")
    ),
    *((line, surface, 3.0) for line in ("border-control", "focus") for surface in ("surface", "bg")),
    *((f"series-{number}", "surface", 3.0) for number in range(1, 9)),
]


def colours(name: str) -> tuple[str, str]:
    """Return the light and the dark value of a token."""
    found = re.search(rf"--w-{name}:\s*(?:light-dark\((#\w+),\s*(#\w+)\)|(#\w+));", TOKENS)
    assert found is not None, name
    return (found[3], found[3]) if found[3] else (found[1], found[2])


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_that_meet_can_be_told_apart(front: str, back: str, least: float, theme: int) -> None:
    """WCAG AA: 4.5 for text, 3 for the edges of controls and the marks of charts."""
    assert contrast(colours(front)[theme], colours(back)[theme]) >= least


def test_every_token_that_is_used_exists() -> None:
    """In stylesheets and components."""
    defined = set(re.findall(r"(--w-[\w-]+):", TOKENS))
    files = [file for kind in ("css", "js") for file in STATIC.rglob(f"*.{kind}")]
    used = {name for file in files for name in re.findall(r"var\((--w-[\w-]+)", file.read_text())}
    assert used - defined == set()


def test_nothing_is_loaded_from_elsewhere() -> None:
    """No address of another machine in any file that a browser gets from us."""
    for file in STATIC.rglob("*"):
        if file.suffix in {".css", ".js"}:
            assert not re.findall(r"(?:url\(|import |fetch\(|src=)[\"'(]*(?:https?:)?//", file.read_text()), file


def test_every_vendored_file_has_its_licence() -> None:
    """Beside it."""
    assert (STATIC / "vendor" / "fuse.LICENSE").is_file()
    assert (STATIC / "fonts" / "inter.LICENSE").is_file()
