"""Calling plugin hooks so that a broken module never stops the call for the others."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pluggy

from webos.kernel.errors import StartupError
from webos.kernel.module import Module, Phase

__all__ = ["PROJECT_NAME", "HookRelay", "hookimpl", "hookspec"]

PROJECT_NAME = "webos"
hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


class HookRelay:
    """The plugin manager of one application, called module by module.

    Pluggy ends a call at the first exception; here each module is called on its own, and what it raises marks
    that module as failed.

    Args:
        specification: Class with the hook specifications.
    """

    def __init__(self, specification: type) -> None:
        self.manager = pluggy.PluginManager(PROJECT_NAME)
        self.manager.add_hookspecs(specification)
        self._specification = specification

    def register(self, module: Module) -> None:
        """Take the hook implementations from every convention file of `module`.

        Raises:
            LookupError: An implementation has a name that no hook has.
        """
        for part in module.parts.values():
            name = f"{module.name}:{part.__name__}"
            self.manager.register(part, name=name)
            unknown = [caller.name for caller in self.manager.get_hookcallers(part) or () if not caller.has_spec()]
            if unknown:
                self.manager.unregister(part)
                msg = f"there is no hook {unknown[0]!r}; hooks are {', '.join(self.names())}"
                raise LookupError(msg)

    def unregister(self, module: Module) -> None:
        """Forget all hook implementations of `module`."""
        for part in self._plugins(module):
            self.manager.unregister(part)

    def names(self) -> list[str]:
        """Return the names of all hooks, sorted."""
        return sorted(
            name for name, member in vars(self._specification).items() if hasattr(member, f"{PROJECT_NAME}_spec")
        )

    async def call(
        self,
        hook: str,
        module: Module,
        phase: Phase,
        *,
        seconds: float | None = None,
        **arguments: Any,  # noqa: ANN401 - the hook's
    ) -> list[Any]:
        """Call `hook` as `module` implements it, await what is awaitable, and return the results.

        Args:
            hook: Name of the hook.
            module: The module to call; no other is touched.
            phase: What to name as the phase if it raises.
            seconds: How long what is awaitable may take; without end where None.
            arguments: The hook's arguments.
        """
        own = self._plugins(module)
        others = [plugin for plugin in self.manager.get_plugins() if plugin not in own]
        caller = self.manager.subset_hook_caller(hook, others)
        results: list[Any] = []
        with module.isolated(phase):
            results = caller(**arguments)
            async with _deadline(hook, seconds):
                return [await result if inspect.isawaitable(result) else result for result in results]
        for result in results:
            if inspect.iscoroutine(result):
                result.close()
        return []

    def _plugins(self, module: Module) -> list[Any]:
        prefix = f"{module.name}:"
        return [plugin for name, plugin in self.manager.list_name_plugin() if plugin and name.startswith(prefix)]


@asynccontextmanager
async def _deadline(hook: str, seconds: float | None) -> AsyncIterator[None]:
    """End the block after some seconds, with an error that names the hook; what it raises itself goes on as it is."""
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            yield
    except TimeoutError:
        if not timer.expired():
            raise
        msg = f"the hook {hook} did not end within {seconds:g} seconds"
        raise StartupError(msg) from None
