"""The hooks as a module meets them."""

from types import ModuleType

import pytest

from webos.kernel.hooks import HookRelay, hookimpl
from webos.kernel.manifest import ModuleManifest
from webos.kernel.module import Module
from webos.sdk import WebOSHookSpec


def module_with(name: str, tmp_path_factory: pytest.TempPathFactory) -> Module:
    part = ModuleType("webos_modules.shop.hooks")

    def implementation() -> None:
        """Do nothing."""

    implementation.__name__ = name
    implementation.__module__ = part.__name__
    setattr(part, name, hookimpl(implementation))
    folder = tmp_path_factory.mktemp("shop")
    return Module("shop", folder, "webos_modules.shop", ModuleManifest(name="shop"), parts={"hooks": part})


def test_hooks_are_named_for_when_they_are_called() -> None:
    """A hook either registers something or belongs to the beginning or the end of the application."""
    names = HookRelay(WebOSHookSpec).names()

    assert "register_routes" in names
    assert [name for name in names if not name.startswith("register_") and name not in {"startup", "shutdown"}] == []


def test_a_hook_may_leave_out_its_arguments(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An implementation that takes none of the arguments is taken as it is."""
    relay = HookRelay(WebOSHookSpec)

    relay.register(module_with("startup", tmp_path_factory))

    assert len(relay.manager.hook.startup.get_hookimpls()) == 1


def test_a_misspelt_hook_is_refused_with_the_names_there_are(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A function that is marked as a hook and has a name that no hook has stops its module, and says what there is."""
    relay = HookRelay(WebOSHookSpec)

    with pytest.raises(LookupError, match=r"register_route'.*register_routes"):
        relay.register(module_with("register_route", tmp_path_factory))
