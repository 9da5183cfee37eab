"""`ARCHITECTURE.md` tells what is there."""

import re

from tests.architecture.sources import ROOT, SOURCE

_TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
_MOST_LINES = 100


def test_every_file_it_names_exists() -> None:
    """Each file and folder that the page names is there, in the framework or in the repository."""
    named = set(re.findall(r"`([\w./-]+/[\w.-]*)`", _TEXT)) - {"/api/<module>"}
    assert len(named) > 30

    assert [
        name for name in sorted(named) if not any((base / name).exists() for base in (SOURCE / "webos", ROOT))
    ] == []


def test_every_package_is_in_the_picture() -> None:
    """The picture of the layers shows each package of the framework."""
    picture = re.search(r"```text\n(.*?)```", _TEXT, re.DOTALL)
    assert picture is not None
    shown = set(picture[1].split())

    assert {path.parent.name for path in (SOURCE / "webos").glob("*/__init__.py")} <= shown


def test_it_is_one_page() -> None:
    """The page stays a page."""
    assert len(_TEXT.splitlines()) <= _MOST_LINES
