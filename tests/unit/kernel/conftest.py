"""Folders with modules, and a process without settings of its own."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from webos.kernel.discovery import FOLDER_NAMESPACE, forget

MakeModule = Callable[..., Path]


@pytest.fixture
def make_module(tmp_path: Path) -> Iterator[MakeModule]:
    """Yield a function that writes a module: `make_module("shop", models="...")` makes `modules/shop/models.py`.

    What was imported from folders is forgotten after the test.
    """

    def make(name: str, place: str = "modules", /, **files: str) -> Path:
        folder = tmp_path / place / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(files.pop("init", ""), encoding="utf-8")
        for file, text in files.items():
            (folder / f"{file}.py").write_text(text, encoding="utf-8")
        return folder.parent

    yield make
    forget(FOLDER_NAMESPACE)


@pytest.fixture
def importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder whose packages can be imported; they are forgotten after the test."""
    before = set(sys.modules)
    folder = tmp_path / "importable"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in set(sys.modules) - before:
        if (origin := getattr(sys.modules[name], "__file__", None)) and Path(origin).is_relative_to(folder):
            del sys.modules[name]


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Take all `WEBOS_*` variables away and work in an empty folder, so that no setting comes from outside."""
    import os

    for name in [name for name in os.environ if name.upper().startswith("WEBOS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch
