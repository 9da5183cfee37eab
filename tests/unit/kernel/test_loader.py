"""Loading modules: what is missing is fine, what is broken stays alone."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from webos.kernel.discovery import FOLDER_NAMESPACE
from webos.kernel.errors import ConfigurationError
from webos.kernel.loader import CONVENTION_FILES, ModuleSet, defined_in, load_modules
from webos.kernel.module import Module, ModuleState, Phase

MakeModule = Callable[..., Path]
MANIFEST = "from webos.kernel.manifest import ModuleManifest\nmanifest = ModuleManifest(name={name!r}, {rest})\n"


def manifest(name: str, rest: str = "") -> str:
    return MANIFEST.format(name=name, rest=rest)


def names(modules: ModuleSet) -> list[str]:
    return [module.name for module in modules.healthy()]


def load_one(place: Path, name: str) -> Module:
    """Load all below `place`; everything but `name` has to be fine."""
    modules = load_modules([str(place)])
    assert [module.name for module in modules if module.failed and module.name != name] == []
    return modules[name]


def reason_of(module: Module) -> tuple[Phase, str]:
    assert module.state is ModuleState.FAILED
    assert module.failure is not None
    return module.failure.phase, module.failure.reason


def test_an_empty_folder_is_a_module(make_module: MakeModule) -> None:
    """An `__init__.py` is enough: every convention file may be missing, the manifest is made from the name."""
    module = load_one(make_module("stock_control"), "stock_control")
    assert module.state is ModuleState.LOADED
    assert module.parts == {}
    assert module.manifest.label == "Stock control"


def test_convention_files_are_imported_in_their_order(make_module: MakeModule) -> None:
    """Each file of a known name is imported, also where it is a package; others wait until somebody needs them."""
    log = "import sys; sys.modules.setdefault('shop_log', sys).__dict__.setdefault('shop_seen', []).append(__name__)"
    place = make_module("shop", **dict.fromkeys([*CONVENTION_FILES, "init", "other"], log))
    (place / "shop" / "models.py").unlink()
    (place / "shop" / "models").mkdir()
    (place / "shop" / "models" / "__init__.py").write_text(log, encoding="utf-8")
    try:
        module = load_one(place, "shop")
        seen = sys.__dict__.pop("shop_seen")
    finally:
        sys.modules.pop("shop_log", None)
    assert list(module.parts) == list(CONVENTION_FILES)
    assert seen == [f"{FOLDER_NAMESPACE}.shop{part}" for part in ("", *(f".{name}" for name in CONVENTION_FILES))]
    assert module.start_seconds[Phase.IMPORT] > 0


@pytest.mark.parametrize("file", ["init", *CONVENTION_FILES])
def test_a_broken_file_fails_its_module_only(make_module: MakeModule, file: str) -> None:
    """Whichever file raises, its module has failed with the reason and holds no parts; the others run."""
    make_module("alpha", models="x = 1")
    make_module("omega", models="x = 1")
    module = load_one(make_module("broken", **{file: "raise RuntimeError('out of order')"}), "broken")
    assert reason_of(module) == (Phase.IMPORT, "RuntimeError: out of order")
    assert module.parts == {}
    assert module.failure is not None
    assert "raise RuntimeError('out of order')" in module.failure.traceback
    assert not [name for name in sys.modules if name.startswith(f"{FOLDER_NAMESPACE}.broken")]


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("def broken(:\n    pass", "SyntaxError: invalid syntax (models.py, line 1)"),
        ("x = 1\n\n  y = 2", "IndentationError: unexpected indent (models.py, line 3)"),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("from . import no_such_file", "ImportError: cannot import name 'no_such_file'"),
        (
            "from .no_such_file import x",
            f"ModuleNotFoundError: No module named '{FOLDER_NAMESPACE}.broken.no_such_file'",
        ),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def again(): again()\nagain()", "RecursionError: maximum recursion depth exceeded"),
        ("x = '\ud800'", ""),
        ("x = 1\0", ""),
    ],
)
def test_every_way_to_break_is_told(make_module: MakeModule, models: str, reason: str) -> None:
    """An exit, a syntax error, a missing library, a text that is none: the shell goes on and says what it was."""
    make_module("fine", models="x = 1")
    place = make_module("broken")
    (place / "broken" / "models.py").write_bytes(models.encode("utf-8", "surrogatepass"))
    phase, told = reason_of(load_one(place, "broken"))
    assert phase in {Phase.DISCOVER, Phase.IMPORT}
    assert told.startswith(reason)
    assert "\n" not in told


def test_a_missing_import_is_not_a_missing_file(make_module: MakeModule) -> None:
    """A router whose import fails is a broken router, not a module without one."""
    module = load_one(make_module("broken", router="from fastapi import NoSuchThing"), "broken")
    assert reason_of(module)[1].startswith("ImportError: cannot import name 'NoSuchThing' from 'fastapi'")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1", "TypeError: manifest.py must hold `manifest = ModuleManifest(...)`"),
        ("manifest = {'name': 'broken'}", "TypeError: manifest.py must hold `manifest = ModuleManifest(...)`"),
        (manifest("other"), "ValueError: the manifest is named 'other', the folder 'broken'"),
        (manifest("broken", "require=('x',)"), "ValidationError: require: Extra inputs are not permitted"),
        (
            manifest("broken", "permissions={'read': ''}"),
            "ValidationError: permissions: Value error, 'read' is not a permission",
        ),
        (manifest("broken", "requires='shop'"), "ValidationError: requires: Input should be a valid tuple"),
        ("raise RuntimeError('no')", "RuntimeError: no"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
        ("manifest = ", "SyntaxError: invalid syntax (manifest.py, line 1)"),
    ],
)
def test_a_wrong_manifest_fails_its_module_only(make_module: MakeModule, text: str, reason: str) -> None:
    """A manifest that is none, of another name, misspelt or broken: the module is there, failed, with the reason."""
    make_module("fine", models="x = 1")
    module = load_one(make_module("broken", manifest=text, models="x = 1"), "broken")
    phase, told = reason_of(module)
    assert phase is Phase.DISCOVER
    assert told.startswith(reason)
    assert module.manifest.name == "broken"
    assert module.parts == {}


def test_a_folder_whose_name_is_none_for_a_module_fails_alone(make_module: MakeModule) -> None:
    """A capital letter in the folder's name is told, and harms nobody."""
    make_module("fine")
    assert reason_of(load_one(make_module("Shop"), "Shop"))[1].startswith("ValidationError: name: String should match")


def test_a_module_does_not_take_the_frameworks_name(make_module: MakeModule) -> None:
    """A module `webos` would stand in the way of the framework's own interfaces and documents."""
    make_module("fine")
    module = load_one(make_module("webos", models="x = 1"), "webos")
    assert reason_of(module) == (Phase.DISCOVER, "ValueError: the name 'webos' is the framework's own")


def test_modules_come_after_those_they_require(make_module: MakeModule) -> None:
    """A module is imported when all it requires is, so that it may import from it."""
    make_module("zeta", models="x = 42")
    make_module("mid", manifest=manifest("mid", "requires=('zeta',)"), models="from ..zeta.models import x")
    place = make_module("alpha", manifest=manifest("alpha", "requires=('mid',)"), models="from ..mid.models import x")
    modules = load_modules([str(place)])
    assert names(modules) == ["zeta", "mid", "alpha"]
    assert modules["alpha"].parts["models"].x == 42


def test_what_requires_something_missing_fails(make_module: MakeModule) -> None:
    """A requirement that is not installed is named, also to those who require the module that has it."""
    make_module("fine")
    make_module("lost", manifest=manifest("lost", "requires=('ghost',)"))
    modules = load_modules([str(make_module("more", manifest=manifest("more", "requires=('lost',)")))])
    assert reason_of(modules["lost"]) == (Phase.RESOLVE, "requires ghost, which is not installed")
    assert reason_of(modules["more"]) == (Phase.RESOLVE, "requires lost, which cannot start")
    assert names(modules) == ["fine"]


def test_two_that_require_each_other_fail(make_module: MakeModule) -> None:
    """A circle is told to both of its members; others run."""
    make_module("fine")
    make_module("hen", manifest=manifest("hen", "requires=('egg',)"))
    modules = load_modules([str(make_module("egg", manifest=manifest("egg", "requires=('hen',)")))])
    assert names(modules) == ["fine"]
    for name in ("hen", "egg"):
        assert reason_of(modules[name])[1].startswith("requires itself in a circle: ")


@pytest.mark.parametrize("broken", [{"models": "raise RuntimeError"}, {"manifest": "raise RuntimeError"}])
def test_what_requires_a_broken_one_fails_with_it(make_module: MakeModule, broken: dict[str, str]) -> None:
    """Who requires a module that failed is not imported, and reads which one failed: it is installed, but broken."""
    make_module("base", **broken)
    make_module("user", manifest=manifest("user", "requires=('base',)"), models="raise LookupError")
    modules = load_modules([str(make_module("tower", manifest=manifest("tower", "requires=('user',)")))])
    assert names(modules) == []
    assert reason_of(modules["base"])[1] == "RuntimeError"
    assert reason_of(modules["user"])[1] == "requires base, which failed"
    assert reason_of(modules["tower"])[1] == "requires user, which failed"


def test_a_class_defined_twice_is_refused(make_module: MakeModule) -> None:
    """Python would silently keep the second of two models of one name; here the module fails and says where they are."""
    text = "class Product: ...\nclass Other: ...\nclass Product: ...\n"
    phase, reason = reason_of(load_one(make_module("shop", models=text), "shop"))
    assert phase is Phase.DISCOVER
    assert reason == "ValueError: models.py defines Product twice, in lines 1 and 3"


def test_classes_of_one_name_in_two_modules_are_fine(make_module: MakeModule) -> None:
    """Each module has its own names."""
    make_module("shop", models="class Product: ...")
    modules = load_modules([str(make_module("books", models="class Product: ..."))])
    assert names(modules) == ["books", "shop"]
    assert modules["shop"].parts["models"].Product is not modules["books"].parts["models"].Product


def test_a_module_that_fails_later_takes_its_dependants_along(make_module: MakeModule) -> None:
    """From the moment a module fails, whoever goes through the healthy ones meets neither it nor what requires it."""
    make_module("base")
    make_module("fine")
    modules = load_modules([str(make_module("user", manifest=manifest("user", "requires=('base',)")))])
    met = []
    for module in modules.healthy():
        met.append(module.name)
        if module.name == "base":
            module.fail(Phase.SERVICES, "out of order")
    assert met == ["base", "fine"]
    assert reason_of(modules["user"]) == (Phase.SERVICES, "requires base, which failed")


def test_the_set_finds_modules(make_module: MakeModule) -> None:
    """A set of modules is asked by name, by Python name, and for all permissions."""
    make_module("shop", manifest=manifest("shop", "permissions={'shop.read': 'See'}"), models="class Product: ...")
    modules = load_modules([str(make_module("shopping", models="x = 1"))])
    assert len(modules) == 2
    assert "shop" in modules
    assert "nothing" not in modules
    with pytest.raises(KeyError):
        modules["nothing"]
    assert modules.find_by_package(f"{FOLDER_NAMESPACE}.shop.models") is modules["shop"]
    assert modules.find_by_package(f"{FOLDER_NAMESPACE}.shopping") is modules["shopping"]
    assert modules.find_by_package(f"{FOLDER_NAMESPACE}.sho") is None
    assert modules.permissions() == {"shop.read": "See"}


def test_a_place_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    """A wrong `WEBOS_MODULES` is a mistake of the set-up, told before anything starts."""
    with pytest.raises(ConfigurationError):
        load_modules([str(tmp_path / "nothing")])


def test_only_own_classes_are_defined_in_a_part(make_module: MakeModule) -> None:
    """Imported classes, the base itself and second names do not count; those of a part's own submodules do."""
    make_module("base", models="class Base: ...\nclass Theirs(Base): ...")
    place = make_module(
        "shop",
        models="from ..base.models import Base, Theirs\nclass A(Base): ...\nB = A\nclass C(A): ...\nclass D: ...\n",
    )
    (place / "shop" / "ui").mkdir()
    (place / "shop" / "ui" / "__init__.py").write_text("from .one import E\nfrom ..models import A", encoding="utf-8")
    (place / "shop" / "ui" / "one.py").write_text("from ..models import A\nclass E(A): ...", encoding="utf-8")
    modules = load_modules([str(place)])
    base = modules["base"].parts["models"].Base
    assert [kind.__name__ for kind in defined_in(modules["shop"].parts["models"], base)] == ["A", "C"]
    assert [kind.__name__ for kind in defined_in(modules["shop"].parts["ui"], base)] == ["E"]
    assert [kind.__name__ for kind in defined_in(modules["base"].parts["models"], base)] == ["Theirs"]
