"""Modules that are broken in every way, the reason that people have to read of each, and healthy ones beside them."""

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

__all__ = ["BROKEN", "HEALTHY", "Specimen", "write_modules"]


@dataclass(frozen=True)
class Specimen:
    """A module.

    Attributes:
        name: Its name.
        reason: What people read of why it failed, as a regular expression for all of it; empty for a healthy one.
        phase: What it could not do, in words; empty for a healthy one.
        files: Its files, by their names without `.py`.
    """

    name: str
    reason: str = ""
    phase: str = ""
    files: dict[str, str] = field(default_factory=dict)


def _manifest(name: str, requires: str = "()") -> str:
    return f"""
        from webos.sdk import ModuleManifest
        manifest = ModuleManifest(name={name!r}, requires={requires},
                                  permissions={{"{name}.read": "See", "{name}.write": "Change"}})
    """


def _items(more: str = "") -> str:
    return f"""
        from typing import Annotated
        from webos.sdk import CoreDocument, Indexed
        class Item(CoreDocument):
            name: Annotated[str, Indexed(unique=True)]
            {more}
    """


_PAGE = """
    from webos.sdk import Page
    from .models import Item
    class ItemsPage(Page):
        path = "/{name}"
        title = "Items of {name}"
        permission = "{name}.read"
        async def build(self):
            self.add_text("hello from {name}")
            self.add_table(Item)
"""
_ROUTER = """
    from fastapi import APIRouter
    from webos.sdk import Inject
    from .service import ItemService
    router = APIRouter()
    @router.post("/items", status_code=201)
    async def create(name: str, items: Inject[ItemService]) -> dict[str, str]:
        return await items.create(name)
    @router.get("/items")
    async def names(items: Inject[ItemService]) -> list[str]:
        return await items.names()
"""
_SERVICE = """
    from webos.sdk import BaseService, require_permission
    from .models import Item
    class ItemService(BaseService):
        @require_permission("{name}.write")
        async def create(self, name: str) -> dict[str, str]:
            item = await Item(name=name).insert()
            await self.bus.emit("item:created", {{"name": name}})
            return {{"id": str(item.id)}}
        @require_permission("{name}.read")
        async def names(self) -> list[str]:
            return [item.name for item in await Item.find_all().to_list()]
"""


def _whole(name: str, **more: str) -> dict[str, str]:
    """Return the files of a module with everything, some of them replaced."""
    return {
        "manifest": _manifest(name),
        "models": _items(),
        "service": _SERVICE.format(name=name),
        "router": _ROUTER,
        "ui": _PAGE.format(name=name),
        **more,
    }


HEALTHY = (
    Specimen("healthy", files=_whole("healthy")),
    # Another class of the same name: each module has its own.
    Specimen("twin", files=_whole("twin")),
    Specimen("bare"),
    Specimen(
        "shutdown_raises",
        files=_whole(
            "shutdown_raises", hooks="from webos.sdk import hookimpl\n@hookimpl\nasync def shutdown(ctx): 1 / 0"
        ),
    ),
    Specimen(
        "page_raises",
        files=_whole(
            "page_raises",
            ui="""
            from webos.sdk import Page
            class RaisingPage(Page):
                path = "/page_raises"
                async def build(self):
                    raise RuntimeError("hunter2 in the page")
            class FinePage(Page):
                path = "/page_raises/fine"
                async def build(self):
                    self.add_text("hello from the fine page")
            """,
        ),
    ),
)

BROKEN = (
    # While it is found
    Specimen(
        "manifest_raises",
        "RuntimeError: no manifest today",
        "discover",
        {"manifest": "raise RuntimeError('no manifest today')"},
    ),
    Specimen(
        "misnamed",
        "ValueError: the manifest is named 'other', the folder 'misnamed'",
        "discover",
        {"manifest": _manifest("other")},
    ),
    Specimen(
        "twice",
        r"ValueError: models\.py defines Item twice, in lines 4 and 1\d",
        "discover",
        {"models": dedent(_items()) + dedent(_items()).replace("from typing", "\nfrom typing")},
    ),
    # While the order is made
    Specimen(
        "requires_missing",
        "requires ghost, which is not installed",
        "resolve dependencies",
        {"manifest": _manifest("requires_missing", "('ghost',)")},
    ),
    Specimen(
        "hen",
        "requires itself in a circle: (hen → egg → hen|egg → hen → egg)",
        "resolve dependencies",
        {"manifest": _manifest("hen", "('egg',)")},
    ),
    Specimen(
        "egg",
        "requires itself in a circle: (hen → egg → hen|egg → hen → egg)",
        "resolve dependencies",
        {"manifest": _manifest("egg", "('hen',)")},
    ),
    Specimen(
        "requires_hen",
        "requires hen, which cannot start",
        "resolve dependencies",
        {"manifest": _manifest("requires_hen", "('hen',)")},
    ),
    # While it is imported
    Specimen(
        "import_raises",
        "RuntimeError: out of order",
        "import",
        _whole("import_raises", models="raise RuntimeError('out of order')"),
    ),
    Specimen(
        "requires_broken",
        "requires import_raises, which failed",
        "import",
        {"manifest": _manifest("requires_broken", "('import_raises',)")},
    ),
    Specimen(
        "syntax_error",
        r"SyntaxError: .+ \(service\.py, line 3\)",
        "import",
        _whole("syntax_error", service="\nx = 1\ndef broken(:\n"),
    ),
    Specimen("exits", "SystemExit: 3", "import", _whole("exits", router="import sys; sys.exit(3)")),
    Specimen(
        "lacks_library",
        "ModuleNotFoundError: No module named 'no_such_library'",
        "import",
        {"ui": "import no_such_library"},
    ),
    Specimen(
        "unknown_hook",
        "LookupError: there is no hook 'start_up'; hooks are .*startup",
        "import",
        {"hooks": "from webos.sdk import hookimpl\n@hookimpl\ndef start_up(): pass"},
    ),
    Specimen(
        "wrong_hook_argument",
        "PluginValidationError: .*context.*",
        "import",
        {"hooks": "from webos.sdk import hookimpl\n@hookimpl\ndef startup(context): pass"},
    ),
    Specimen(
        "undeclared_permission",
        r"ConfigurationError: .*service requires the permission 'nobody\.has', which no manifest declares",
        "import",
        _whole(
            "undeclared_permission",
            service=_SERVICE.format(name="undeclared_permission").replace("undeclared_permission.write", "nobody.has"),
        ),
    ),
    # While its documents are registered
    Specimen(
        "thief",
        r"ValueError: the collection 'healthy\.Item' of thief\.Item already belongs to healthy\.Item",
        "register models",
        _whole("thief", models=_items("class Settings: name = 'healthy.Item'")),
    ),
    Specimen(
        "framework_thief",
        r"ConfigurationError: framework_thief\.Item wants the collection 'webos_users', but names like that are the framework's",
        "register models",
        _whole("framework_thief", models=_items("class Settings: name = 'webos_users'")),
    ),
    Specimen(
        "links_nowhere",
        r"ConfigurationError: links_nowhere\.Item refers to 'nowhere', which no running module has",
        "register models",
        _whole(
            "links_nowhere",
            models=_items("other: 'Link[\"nowhere.Thing\"] | None' = None").replace("Indexed", "Indexed, Link", 1),
        ),
    ),
    Specimen(
        "links_unknown_class",
        r"ConfigurationError: links_unknown_class\.Item links to a class that does not exist: 'Nothing'",
        "register models",
        _whole(
            "links_unknown_class",
            models=_items("other: 'Link[\"healthy.Nothing\"] | None' = None").replace("Indexed", "Indexed, Link", 1),
        ),
    ),
    Specimen(
        "links_to_broken",
        r"ConfigurationError: links_to_broken\.Item refers to 'import_raises', which no running module has",
        "register models",
        _whole(
            "links_to_broken",
            models=_items("other: 'Link[\"import_raises.Item\"] | None' = None").replace("Indexed", "Indexed, Link", 1),
        ),
    ),
    Specimen(
        "links_to_thief",
        r"ConfigurationError: links_to_thief\.Item refers to 'thief', which no running module has",
        "register models",
        _whole(
            "links_to_thief",
            models=_items("other: 'Link[\"thief.Item\"] | None' = None").replace("Indexed", "Indexed, Link", 1),
        ),
    ),
    Specimen(
        "caches",
        r"ValueError: caches\.Item: Settings\.use_cache would show one user's documents to another",
        "register models",
        _whole("caches", models=_items("class Settings: use_cache = True")),
    ),
    Specimen(
        "no_documents",
        "TypeError: register_db_models returned <class 'dict'>, which is no CoreDocument",
        "register models",
        {"hooks": "from webos.sdk import hookimpl\n@hookimpl\ndef register_db_models(): return [dict, 'x']"},
    ),
    # While its services are built
    Specimen(
        "settings_do_not_validate",
        "ValidationError: most: Field required",
        "load settings",
        _whole(
            "settings_do_not_validate",
            settings="from pydantic import BaseModel\nclass ShopSettings(BaseModel):\n    most: int\n",
        ),
    ),
    Specimen(
        "two_settings",
        r"ConfigurationError: settings\.py has 2 classes that end in Settings; keep one",
        "load settings",
        _whole(
            "two_settings",
            settings="from pydantic import BaseModel\nclass ASettings(BaseModel): ...\nclass BSettings(BaseModel): ...\n",
        ),
    ),
    Specimen(
        "service_raises",
        "OSError: the printer is on fire",
        "build services",
        _whole(
            "service_raises",
            service="""
            from webos.sdk import BaseService
            class ItemService(BaseService):
                def __init__(self, wiring):
                    raise OSError("the printer is on fire")
            """,
        ),
    ),
    Specimen(
        "lacks_service",
        "ServiceNotFoundError: one service of type .*Missing was asked for, registered: none",
        "build services",
        _whole(
            "lacks_service",
            service="""
            from webos.sdk import BaseService
            class Missing(BaseService):
                __abstract__ = True
            class ItemService(BaseService):
                missing: Missing
            """,
        ),
    ),
    # While it subscribes and registers
    Specimen(
        "wrong_topic",
        "InvalidTopicError: .+",
        "(import|subscribe to events)",
        _whole(
            "wrong_topic",
            events="""
            from webos.sdk import subscribe
            @subscribe("not a topic")
            async def heard(event): ...
            """,
        ),
    ),
    Specimen(
        "no_router",
        r"TypeError: router\.py must hold `router = APIRouter\(\)`",
        "mount routes",
        _whole("no_router", router="router = 'not a router'"),
    ),
    Specimen(
        "routes_hook_raises",
        "RuntimeError: no routes today",
        "mount routes",
        _whole(
            "routes_hook_raises",
            hooks="from webos.sdk import hookimpl\n@hookimpl\ndef register_routes(router): raise RuntimeError('no routes today')",
        ),
    ),
    Specimen(
        "page_thief",
        "ConfigurationError: .*/healthy.*",
        "register the interface",
        _whole("page_thief", ui=_PAGE.format(name="page_thief").replace("/page_thief", "/healthy")),
    ),
    Specimen(
        "page_permission",
        r"ConfigurationError: ItemsPage needs the permission 'nobody\.has', which no manifest declares",
        "register the interface",
        _whole(
            "page_permission", ui=_PAGE.format(name="page_permission").replace("page_permission.read", "nobody.has")
        ),
    ),
    Specimen(
        "hook_raises",
        "RuntimeError: no interface today",
        "register the interface",
        _whole(
            "hook_raises",
            hooks="from webos.sdk import hookimpl\n@hookimpl\ndef register_ui(layout): raise RuntimeError('no interface today')",
        ),
    ),
    Specimen(
        "startup_raises",
        "ZeroDivisionError: division by zero",
        "start up",
        _whole("startup_raises", hooks="from webos.sdk import hookimpl\n@hookimpl\nasync def startup(ctx): 1 / 0"),
    ),
    Specimen(
        "requires_startup_raises",
        "requires startup_raises, which failed",
        "start up",
        _whole("requires_startup_raises", manifest=_manifest("requires_startup_raises", "('startup_raises',)")),
    ),
    Specimen("Capital", "ValidationError: name: String should match pattern .+", "discover"),
)


def write_modules(folder: Path, *specimens: Specimen) -> Path:
    """Write modules into a folder and return it."""
    for specimen in specimens:
        place = folder / specimen.name
        place.mkdir(parents=True)
        (place / "__init__.py").touch()
        for name, text in specimen.files.items():
            (place / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return folder
