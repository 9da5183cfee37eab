"""Modules that are broken in every way, and the reason that people have to read of each."""

from textwrap import dedent

from tests.integration.modules.specimens import PAGE, SERVICE, Specimen, items_text, manifest_text, whole_module

__all__ = ["BROKEN"]

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
        {"manifest": manifest_text("other")},
    ),
    Specimen(
        "twice",
        r"ValueError: models\.py defines Item twice, in lines 4 and 1\d",
        "discover",
        {"models": dedent(items_text()) + dedent(items_text()).replace("from typing", "\nfrom typing")},
    ),
    # While the order is made
    Specimen(
        "requires_missing",
        "requires ghost, which is not installed",
        "resolve dependencies",
        {"manifest": manifest_text("requires_missing", "('ghost',)")},
    ),
    Specimen(
        "hen",
        "requires itself in a circle: (hen → egg → hen|egg → hen → egg)",
        "resolve dependencies",
        {"manifest": manifest_text("hen", "('egg',)")},
    ),
    Specimen(
        "egg",
        "requires itself in a circle: (hen → egg → hen|egg → hen → egg)",
        "resolve dependencies",
        {"manifest": manifest_text("egg", "('hen',)")},
    ),
    Specimen(
        "requires_hen",
        "requires hen, which cannot start",
        "resolve dependencies",
        {"manifest": manifest_text("requires_hen", "('hen',)")},
    ),
    # While it is imported
    Specimen(
        "import_raises",
        "RuntimeError: out of order",
        "import",
        whole_module("import_raises", models="raise RuntimeError('out of order')"),
    ),
    Specimen(
        "requires_broken",
        "requires import_raises, which failed",
        "import",
        {"manifest": manifest_text("requires_broken", "('import_raises',)")},
    ),
    Specimen(
        "syntax_error",
        r"SyntaxError: .+ \(service\.py, line 3\)",
        "import",
        whole_module("syntax_error", service="\nx = 1\ndef broken(:\n"),
    ),
    Specimen("exits", "SystemExit: 3", "import", whole_module("exits", router="import sys; sys.exit(3)")),
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
        whole_module(
            "undeclared_permission",
            service=SERVICE.format(name="undeclared_permission").replace("undeclared_permission.write", "nobody.has"),
        ),
    ),
    # While its documents are registered
    Specimen(
        "thief",
        r"ValueError: the collection 'healthy\.Item' of thief\.Item already belongs to healthy\.Item",
        "register models",
        whole_module("thief", models=items_text("class Settings: name = 'healthy.Item'")),
    ),
    Specimen(
        "framework_thief",
        r"ConfigurationError: framework_thief\.Item wants the collection 'webos_users', but names like that are the framework's",
        "register models",
        whole_module("framework_thief", models=items_text("class Settings: name = 'webos_users'")),
    ),
    Specimen(
        "links_nowhere",
        r"ConfigurationError: links_nowhere\.Item refers to 'nowhere', which no running module has",
        "register models",
        whole_module(
            "links_nowhere",
            models=items_text("other: 'Link[\"nowhere.Thing\"] | None' = None").replace("Indexed", "Indexed, Link", 1),
        ),
    ),
    Specimen(
        "links_unknown_class",
        r"ConfigurationError: links_unknown_class\.Item links to a class that does not exist: 'Nothing'",
        "register models",
        whole_module(
            "links_unknown_class",
            models=items_text("other: 'Link[\"healthy.Nothing\"] | None' = None").replace(
                "Indexed", "Indexed, Link", 1
            ),
        ),
    ),
    Specimen(
        "links_to_broken",
        r"ConfigurationError: links_to_broken\.Item refers to 'import_raises', which no running module has",
        "register models",
        whole_module(
            "links_to_broken",
            models=items_text("other: 'Link[\"import_raises.Item\"] | None' = None").replace(
                "Indexed", "Indexed, Link", 1
            ),
        ),
    ),
    Specimen(
        "links_to_thief",
        r"ConfigurationError: links_to_thief\.Item refers to 'thief', which no running module has",
        "register models",
        whole_module(
            "links_to_thief",
            models=items_text("other: 'Link[\"thief.Item\"] | None' = None").replace("Indexed", "Indexed, Link", 1),
        ),
    ),
    Specimen(
        "caches",
        r"ValueError: caches\.Item: Settings\.use_cache would show one user's documents to another",
        "register models",
        whole_module("caches", models=items_text("class Settings: use_cache = True")),
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
        whole_module(
            "settings_do_not_validate",
            settings="from pydantic import BaseModel\nclass ShopSettings(BaseModel):\n    most: int\n",
            service="""
            from webos.sdk import BaseService
            class ItemService(BaseService):
                def __init__(self, wiring):
                    print("built without its settings")
                    super().__init__(wiring)
            """,
            router="",
        ),
    ),
    Specimen(
        "two_settings",
        r"ConfigurationError: settings\.py has 2 classes that end in Settings; keep one",
        "load settings",
        whole_module(
            "two_settings",
            settings="from pydantic import BaseModel\nclass ASettings(BaseModel): ...\nclass BSettings(BaseModel): ...\n",
        ),
    ),
    Specimen(
        "service_raises",
        "OSError: the printer is on fire",
        "build services",
        whole_module(
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
        whole_module(
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
        whole_module(
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
        whole_module("no_router", router="router = 'not a router'"),
    ),
    Specimen(
        "routes_hook_raises",
        "RuntimeError: no routes today",
        "mount routes",
        whole_module(
            "routes_hook_raises",
            hooks="from webos.sdk import hookimpl\n@hookimpl\ndef register_routes(router): raise RuntimeError('no routes today')",
        ),
    ),
    Specimen(
        "page_thief",
        "ConfigurationError: .*/healthy.*",
        "register the interface",
        whole_module("page_thief", ui=PAGE.format(name="page_thief").replace("/page_thief", "/healthy")),
    ),
    Specimen(
        "page_permission",
        r"ConfigurationError: ItemsPage needs the permission 'nobody\.has', which no manifest declares",
        "register the interface",
        whole_module(
            "page_permission", ui=PAGE.format(name="page_permission").replace("page_permission.read", "nobody.has")
        ),
    ),
    Specimen(
        "hook_raises",
        "RuntimeError: no interface today",
        "register the interface",
        whole_module(
            "hook_raises",
            hooks="from webos.sdk import hookimpl\n@hookimpl\ndef register_ui(layout): raise RuntimeError('no interface today')",
        ),
    ),
    Specimen(
        "startup_raises",
        "ZeroDivisionError: division by zero",
        "start up",
        whole_module(
            "startup_raises", hooks="from webos.sdk import hookimpl\n@hookimpl\nasync def startup(ctx): 1 / 0"
        ),
    ),
    Specimen(
        "requires_startup_raises",
        "requires startup_raises, which failed",
        "start up",
        whole_module(
            "requires_startup_raises", manifest=manifest_text("requires_startup_raises", "('startup_raises',)")
        ),
    ),
    Specimen("Capital", "ValidationError: name: String should match pattern .+", "discover"),
)
