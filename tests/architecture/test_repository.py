"""What must not be in the repository."""

import re

from tests.architecture.sources import ROOT, tracked_files

# Written in parts, so that this file passes its own check.
_INDEX_HOSTS = (
    ("py", "pi.org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("yarnpkg", ".com"),
    ("deb.debian", ".org"),
    ("proxy.golang", ".org"),
    ("crates", ".io"),
)
_HOSTS = re.compile("|".join(re.escape("".join(parts)) for parts in _INDEX_HOSTS), re.IGNORECASE)
_MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:home|root|work)/\w+")


def _texts() -> dict[str, str]:
    texts = {}
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            texts[str(path.relative_to(ROOT))] = content.decode("utf-8", "replace")
    assert "pyproject.toml" in texts
    return texts


def test_no_package_index_is_named() -> None:
    """No file names the host of a package index: where packages come from is the installer's own setting."""
    assert {name: found[0] for name, text in _texts().items() if (found := _HOSTS.search(text))} == {}


def test_no_path_of_a_developers_machine() -> None:
    """No file holds a path that exists on one developer's machine only."""
    assert {name: found[0] for name, text in _texts().items() if (found := _MACHINE_PATHS.search(text))} == {}


def test_every_locked_package_has_a_hash() -> None:
    """Each pinned requirement carries hashes, so that what is installed is what was tested."""
    for name in ("run.txt", "dev.txt"):
        pins = re.split(r"\n(?=\S)", (ROOT / "requirements" / name).read_text(encoding="utf-8").strip())
        assert len(pins) > 20
        assert [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []
