"""Finding modules in folders and packages."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from webos.kernel.discovery import FOLDER_NAMESPACE, discover, provide_namespace
from webos.kernel.errors import ConfigurationError

MakeModule = Callable[..., Path]


def test_finds_folders_that_are_packages(make_module: MakeModule) -> None:
    """A module is a folder with an `__init__.py`; they come by name, to be imported below their own namespace."""
    make_module("shop")
    place = make_module("books")
    assert [(source.name, source.path, source.package) for source in discover([str(place)])] == [
        ("books", place / "books", f"{FOLDER_NAMESPACE}.books"),
        ("shop", place / "shop", f"{FOLDER_NAMESPACE}.shop"),
    ]


def test_passes_over_everything_else(make_module: MakeModule) -> None:
    """Files, folders without `__init__.py`, private ones and names that Python cannot import are no modules."""
    place = make_module("shop")
    make_module("_private")
    make_module("no-name")
    make_module("__pycache__")
    (place / "data").mkdir()
    (place / "script.py").write_text("raise SystemExit", encoding="utf-8")
    (place / "folder_init").mkdir()
    (place / "folder_init" / "__init__.py").mkdir()
    assert [source.name for source in discover([str(place)])] == ["shop"]


def test_an_empty_place_has_no_modules(tmp_path: Path) -> None:
    """A place without modules is no error, nor are no places at all."""
    assert discover([str(tmp_path)]) == []
    assert discover([]) == []


def test_a_place_may_be_a_package(importable: Path) -> None:
    """A dotted name is looked up as a package, and its modules keep their own names."""
    folder = importable / "company" / "tools"
    (folder / "shop").mkdir(parents=True)
    for each in (importable / "company", folder, folder / "shop"):
        (each / "__init__.py").touch()
    assert [(source.name, source.path, source.package) for source in discover(["company.tools"])] == [
        ("shop", folder / "shop", "company.tools.shop")
    ]


def test_a_package_without_init_may_be_a_place(importable: Path) -> None:
    """A namespace package that lies in two folders gives the modules of both."""
    for part in ("one", "two"):
        (importable / part / "shared_tools" / f"shop_{part}").mkdir(parents=True)
        (importable / part / "shared_tools" / f"shop_{part}" / "__init__.py").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(importable / "one")
        patch.syspath_prepend(importable / "two")
        assert sorted(source.name for source in discover(["shared_tools"])) == ["shop_one", "shop_two"]


def test_places_keep_their_order(make_module: MakeModule) -> None:
    """The modules of the first place come first."""
    second, first = make_module("alpha", "second"), make_module("zeta", "first")
    assert [source.name for source in discover([str(first), str(second)])] == ["zeta", "alpha"]


def test_a_place_named_twice_counts_once(make_module: MakeModule, tmp_path: Path) -> None:
    """The same folder by two paths, also by a link, is one place."""
    place = make_module("shop")
    (tmp_path / "link").symlink_to(place)
    found = discover([str(place), f"{place}/", str(tmp_path / "link"), str(place / ".." / place.name)])
    assert [source.name for source in found] == ["shop"]


def test_two_modules_of_one_name_are_refused(make_module: MakeModule) -> None:
    """Which of two folders is meant cannot be guessed; the error names both."""
    places = make_module("shop", "here"), make_module("shop", "there")
    with pytest.raises(ConfigurationError, match="WEBOS_MODULES: module 'shop' is in ") as caught:
        discover([str(place) for place in places])
    assert all(str(place / "shop") in str(caught.value) for place in places)


@pytest.mark.parametrize(
    "place",
    ["/nowhere/at/all", "no-such-folder", "no_such_package", "json.nothing", "json.decoder", "__main__", "..", ".x"],
)
def test_a_place_that_does_not_exist_is_named(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place that is neither a folder nor a package is a configuration error that repeats it."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    if place == "..":
        assert discover([place]) == []
        return
    with pytest.raises(ConfigurationError, match="WEBOS_MODULES: ") as caught:
        discover([place])
    assert repr(place) in str(caught.value)


def test_a_home_folder_that_does_not_exist_is_named() -> None:
    """`~nobody-here` is a configuration error, not a crash."""
    with pytest.raises(ConfigurationError, match="WEBOS_MODULES: "):
        discover(["~no-such-user-here/modules"])


@pytest.mark.parametrize(
    "content", ["raise RuntimeError('boom')", "import no_such_library", "def", "raise SystemExit(3)"]
)
def test_a_package_that_cannot_be_imported_is_named(importable: Path, content: str) -> None:
    """A place inside a package that breaks on import says so, with the reason."""
    (importable / "broken_company" / "tools").mkdir(parents=True)
    (importable / "broken_company" / "__init__.py").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"WEBOS_MODULES: 'broken_company\.tools'"):
        discover(["broken_company.tools"])


def test_a_module_may_be_named_like_a_library(make_module: MakeModule) -> None:
    """A module `json` hides nothing from anybody: it is imported under its own namespace."""
    place = make_module("json", models="x = 1")
    provide_namespace(discover([str(place)]))
    assert importlib.import_module(f"{FOLDER_NAMESPACE}.json.models").x == 1
    assert importlib.import_module("json") is json


def test_a_folder_of_the_same_name_is_imported_anew(make_module: MakeModule) -> None:
    """A second application with another folder of the same name gets the code of that folder, with all its files."""
    here = make_module("shop", "here", models="x = 'here'", service="from .models import x as y", old="x = 1")
    there = make_module("shop", "there", models="x = 'there'", service="from .models import x as y")
    for place in (here, there, here, there):
        provide_namespace(discover([str(place)]))
        assert importlib.import_module(f"{FOLDER_NAMESPACE}.shop.models").x == place.name
        assert importlib.import_module(f"{FOLDER_NAMESPACE}.shop.service").y == place.name
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"{FOLDER_NAMESPACE}.shop.old")


def test_the_same_folder_is_not_imported_again(make_module: MakeModule) -> None:
    """What is imported stays imported for a second application on the same folder, so that its classes stay the same."""
    place = make_module("shop", models="class Product: ...")
    provide_namespace(discover([str(place)]))
    first = importlib.import_module(f"{FOLDER_NAMESPACE}.shop.models")
    provide_namespace(discover([str(place)]))
    assert importlib.import_module(f"{FOLDER_NAMESPACE}.shop.models") is first


def test_a_module_that_was_just_written_is_found(make_module: MakeModule) -> None:
    """A folder that appeared since the last look is importable at once."""
    for number in range(5):
        place = make_module(f"shop{number}", models=f"x = {number}")
        provide_namespace(discover([str(place)]))
        assert importlib.import_module(f"{FOLDER_NAMESPACE}.shop{number}.models").x == number


def test_a_stray_file_of_another_place_is_not_taken(make_module: MakeModule) -> None:
    """A file `shop.py` in one place does not stand before the module `shop` of another."""
    first, second = make_module("shop", "first", models="x = 1"), make_module("books", "second")
    (second / "shop.py").write_text("raise RuntimeError('stray')", encoding="utf-8")
    provide_namespace(discover([str(first), str(second)]))
    assert importlib.import_module(f"{FOLDER_NAMESPACE}.shop.models").x == 1
