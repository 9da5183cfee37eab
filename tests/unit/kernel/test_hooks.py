"""Hooks: each module is called alone."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
import pytest

from webos.kernel.hooks import HookRelay, hookimpl, hookspec
from webos.kernel.manifest import ModuleManifest
from webos.kernel.module import Module, ModuleState, Phase


class Specification:
    """Three hooks, as the SDK's are written."""

    @hookspec
    def startup(self, ctx: str) -> Awaitable[None] | None:
        """Run at the start."""

    @hookspec
    def register_things(self, things: list[str], place: str) -> list[str]:  # type: ignore[empty-body]  # as a hook is
        """Say which things there are."""

    @hookspec
    def shutdown(self) -> None:
        """Run at the end."""


def make_module(name: str, **parts: dict[str, Any]) -> Module:
    """Return a loaded module whose parts hold the given functions."""
    module = Module(name, Path(name), name, ModuleManifest(name=name), ModuleState.LOADED)
    for part, functions in parts.items():
        module.parts[part] = ModuleType(f"{name}.{part}")
        for function, body in functions.items():
            setattr(module.parts[part], function, hookimpl(body))
    return module


@pytest.fixture
def relay() -> HookRelay:
    return HookRelay(Specification)


def test_knows_its_hooks(relay: HookRelay) -> None:
    """The names of all hooks come sorted."""
    assert relay.names() == ["register_things", "shutdown", "startup"]


async def test_calls_one_module_and_no_other(relay: HookRelay) -> None:
    """Only the implementations of the module in question are called, from every part of it."""
    seen: list[str] = []
    shop = make_module(
        "shop", ui={"startup": lambda ctx: seen.append(f"ui {ctx}")}, hooks={"startup": lambda: seen.append("hooks")}
    )
    shopping = make_module("shopping", ui={"startup": lambda: seen.append("shopping")})
    for module in (shop, shopping):
        relay.register(module)
    assert await relay.call("startup", shop, Phase.STARTUP, ctx="now") == []
    assert sorted(seen) == ["hooks", "ui now"]


async def test_results_come_back_and_awaitables_are_awaited(relay: HookRelay) -> None:
    """What hooks return is given back, awaited where need be; None is left out."""

    async def later(things: list[str]) -> list[str]:
        return [*things, "later"]

    shop = make_module(
        "shop",
        ui={"register_things": later},
        admin={"register_things": lambda place: [place]},
        hooks={"register_things": lambda: None},
    )
    relay.register(shop)
    found = await relay.call("register_things", shop, Phase.IMPORT, things=["a"], place="here")
    assert sorted(found) == [["a", "later"], ["here"]]
    assert not shop.failed


async def test_a_module_without_the_hook_gives_nothing(relay: HookRelay) -> None:
    """Hooks are optional."""
    shop = make_module("shop", ui={})
    relay.register(shop)
    assert await relay.call("startup", shop, Phase.STARTUP, ctx="") == []
    assert not shop.failed


async def _raises_later() -> None:
    msg = "out of order"
    raise RuntimeError(msg)


def _raises() -> None:
    msg = "out of order"
    raise RuntimeError(msg)


def _exits() -> None:
    raise SystemExit(1)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [(_raises, "RuntimeError: out of order"), (_raises_later, "RuntimeError: out of order"), (_exits, "SystemExit: 1")],
)
async def test_what_a_hook_raises_fails_its_module_only(relay: HookRelay, broken: Any, reason: str) -> None:
    """A hook that raises, at once or when awaited, gives no results and marks its module; others are called as ever."""
    bad = make_module("bad", ui={"shutdown": lambda: 1}, hooks={"shutdown": broken})
    good = make_module("good", hooks={"shutdown": lambda: "fine"})
    for module in (bad, good):
        relay.register(module)
    assert await relay.call("shutdown", bad, Phase.STARTUP) == []
    assert await relay.call("shutdown", good, Phase.STARTUP) == ["fine"]
    assert bad.failure is not None
    assert (bad.failure.phase, bad.failure.reason) == (Phase.STARTUP, reason)
    assert not good.failed


async def test_no_awaitable_is_left_over(relay: HookRelay) -> None:
    """Where one of two async implementations raises, the other is closed and warns of nothing."""
    started: list[str] = []

    async def other() -> None:
        started.append("other")

    bad = make_module("bad", ui={"shutdown": other}, hooks={"shutdown": _raises_later}, admin={"shutdown": other})
    relay.register(bad)
    await relay.call("shutdown", bad, Phase.STARTUP)
    assert bad.failed
    assert len(started) < 2


def test_an_unknown_hook_is_named(relay: HookRelay) -> None:
    """A misspelt hook would never be called, so it is refused, and those there are get named."""
    bad = make_module("bad", hooks={"start_up": lambda: None})
    with pytest.raises(LookupError, match="there is no hook 'start_up'; hooks are register_things, shutdown, startup"):
        relay.register(bad)
    assert relay.manager.get_plugins() == set()


async def test_a_wrong_argument_is_named_and_leaves_nothing_behind(relay: HookRelay) -> None:
    """A hook that asks for an argument there is none of is refused; the module can be taken out as a whole afterwards."""
    bad = make_module(
        "bad", ui={"startup": lambda: 1}, hooks={"startup": lambda context: context, "shutdown": lambda: 1}
    )
    good = make_module("good", hooks={"startup": lambda: "fine"})
    relay.register(good)
    with pytest.raises(pluggy.PluginValidationError, match="context"):
        relay.register(bad)
    relay.unregister(bad)
    assert relay.manager.get_plugins() == set(good.parts.values())
    assert await relay.call("startup", good, Phase.STARTUP, ctx="") == ["fine"]


async def test_an_unregistered_module_is_not_called(relay: HookRelay) -> None:
    """After a module is taken out, none of its hooks is called, those of the others are."""
    shop = make_module("shop", ui={"shutdown": lambda: 1}, hooks={"shutdown": lambda: 2})
    other = make_module("shopping", ui={"shutdown": lambda: 3})
    for module in (shop, other):
        relay.register(module)
    relay.unregister(shop)
    relay.unregister(shop)
    assert await relay.call("shutdown", shop, Phase.STARTUP) == []
    assert await relay.call("shutdown", other, Phase.STARTUP) == [3]


async def test_a_hook_that_hangs_fails_its_module(relay: HookRelay) -> None:
    """What does not end in time is cancelled and marks its module as failed, with the hook and the time as reason."""
    ended: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def time_out() -> None:
        msg = "of its own"
        raise TimeoutError(msg)

    async def answer() -> str:
        return "in time"

    modules = {
        name: make_module(name, hooks={"startup": body}) for name, body in (("a", hang), ("b", time_out), ("c", answer))
    }
    for module in modules.values():
        relay.register(module)
    answers = [await relay.call("startup", module, Phase.STARTUP, seconds=0.05, ctx="") for module in modules.values()]
    assert answers == [[], [], ["in time"]]
    assert ended == ["cancelled"]
    reasons = [module.failure.reason if module.failure else "" for module in modules.values()]
    assert "the hook startup did not end within 0.05 seconds" in reasons[0]
    assert "of its own" in reasons[1]
    assert reasons[2] == ""
