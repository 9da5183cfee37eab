"""Going on with what somebody did after he has proved again who he is."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from webos.kernel.errors import RecentProofNeededError
from webos.ui.tabs import Tab

if TYPE_CHECKING:
    from webos.ui.identity import IdentityGuard

__all__ = ["run_proved"]

_PATIENCE_SECONDS = 600.0
# What is entered goes to the server by a request of its own, never through the websocket.
_ASK = (
    'const { confirmIdentity } = await import("webos/confirm"); return await confirmIdentity(window.path_prefix || "");'
)


async def run_proved(identity: "IdentityGuard", tab: Tab, handler: Callable[[], Any]) -> None:
    """Call a handler; where it needs a recent proof, ask for one in a dialog and call it once more.

    Args:
        identity: Decides who acts.
        tab: Where the user sits.
        handler: Sync or async; it must have changed nothing before it asked for the proof.

    Raises:
        RecentProofNeededError: The user has cancelled the dialog.
    """
    try:
        result = handler()
        if inspect.isawaitable(result):
            await result
    except RecentProofNeededError:
        if not await _ask(tab):
            raise
    else:
        return
    await identity.run_as_owner(tab, handler)


async def _ask(tab: Tab) -> bool:
    if tab.closed or tab.client.is_deleted:
        return False
    try:
        return bool(await tab.client.run_javascript(_ASK, timeout=_PATIENCE_SECONDS))
    except TimeoutError:
        return False
