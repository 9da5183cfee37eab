"""Buttons that show that they work, and say what went wrong."""

import inspect
from collections.abc import Callable
from typing import Any, Literal

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from webos.ui.failures import explain
from webos.ui.identity import IdentityGuard
from webos.ui.markup import icon
from webos.ui.proof import run_proved
from webos.ui.tabs import Tabs

__all__ = ["ActionButton", "ButtonRow", "Variant"]

Variant = Literal["primary", "secondary", "ghost", "danger"]
"""How much a button stands out: one primary on a page, secondary for the rest, danger for what destroys."""


class ButtonRow(Element):
    """Buttons side by side; those that are added one after the other share a row."""

    def __init__(self) -> None:
        super().__init__("div")
        self.classes("w-row")


class ActionButton(TextElement):
    """A button whose handler may take its time: meanwhile it turns and cannot be pressed again.

    Args:
        label: What it does.
        on_click: Does it; sync or async, with or without an argument.
        tabs: The open tabs, to tell the user what failed.
        identity: Asks the user for a proof where the handler needs a recent one; nobody asks where None.
        symbol: Name of a Material icon, or None.
        variant: How much it stands out.
    """

    def __init__(
        self,
        label: str,
        on_click: Callable[..., Any] | None,
        *,
        tabs: Tabs,
        identity: IdentityGuard | None = None,
        symbol: str | None = None,
        variant: Variant = "secondary",
    ) -> None:
        super().__init__(tag="button", text=label)
        self._tabs = tabs
        self._identity = identity
        self._handler = on_click
        self._busy = False
        self.classes(f"w-button w-button--{variant}")
        self._props["type"] = "button"
        if symbol:
            with self:
                icon(symbol)
        self.on("click", self._click, [])

    def enable(self) -> None:
        """Let it be pressed."""
        self._props.pop("disabled", None)

    def disable(self) -> None:
        """Let it not be pressed."""
        self._props["disabled"] = True

    async def _click(self) -> None:
        if self._handler is None or self._busy or self._props.get("disabled"):
            return
        tab = self._tabs.of(self.client)
        self._busy = True
        try:
            if self._identity is not None:
                await run_proved(self._identity, tab, self._run)
            else:
                await self._run()
        except Exception as error:  # noqa: BLE001 - the boundary between the shell and a module
            told = explain(error)
            tab.toast(told.severity, told.message, told.detail)
        finally:
            self._busy = False
            if not self.is_deleted:
                self._turn(on=False)

    async def _run(self) -> None:
        result = self._call(self._handler) if self._handler is not None else None
        if inspect.isawaitable(result):
            self._turn(on=True)
            await result

    def _call(self, handler: Callable[..., Any]) -> Any:  # noqa: ANN401 - whatever the handler returns
        parameters = inspect.signature(handler).parameters.values()
        wanted = [
            parameter
            for parameter in parameters
            if parameter.default is parameter.empty
            and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        ]
        return handler(self) if wanted else handler()

    def _turn(self, *, on: bool) -> None:
        if on:
            self._props["aria-busy"] = "true"
            self._props["disabled"] = True
        elif self._props.get("aria-busy"):
            del self._props["aria-busy"]
            self._props.pop("disabled", None)
