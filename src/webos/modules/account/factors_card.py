"""The user's second factors."""

from nicegui import ui

from webos.sdk import OwnAccount, Page, Passkey

from .leaving import leave
from .times import in_words

__all__ = ["FactorsCard"]

_FEW_CODES = 3


class FactorsCard:
    """Authenticator app, passkeys and recovery codes; each is changed on a page outside of the shell.

    Args:
        page: Where to add them.
        own: The user's account.
    """

    def __init__(self, page: Page, own: OwnAccount) -> None:
        self._own = own
        with ui.element("section").classes("w-card w-section").mark("factors"):
            page.add_heading("Second factor")
            page.add_text("With a second factor nobody gets in who only knows your password.")
            self._list = ui.element("ul").classes("w-list")

    async def load(self) -> None:
        """Show what there is now."""
        held, passkeys = await self._own.factors(), await self._own.passkeys()
        with self._list:
            if held.app_since is not None:
                _row(
                    "Authenticator app",
                    f"Set up {in_words(held.app_since)}",
                    badge=("success", "On"),
                    actions=(("Replace", "/auth/factors/app"), ("Remove", "/auth/factors/app/remove")),
                )
            else:
                text = "An app on your phone shows a new code every 30 seconds"
                _row("Authenticator app", text, actions=(("Set up", "/auth/factors/app"),))
            for passkey in passkeys:
                _passkey(passkey)
            if self._own.takes_passkeys:
                text = "Sign in with your finger, face or PIN instead of a password"
                title = "Another passkey" if passkeys else "Passkey"
                _row(title, text, actions=(("Add", "/auth/factors/passkey"),))
            if held.app_since is not None or passkeys:
                left = held.codes_left
                few = ("warning", "Few left") if left <= _FEW_CODES else ("", "")
                text = f"{left} of them are unused" if left != 1 else "1 of them is unused"
                _row("Recovery codes", text, badge=few, actions=(("Make new ones", "/auth/factors/codes"),))


def _passkey(passkey: Passkey) -> None:
    kind = "synchronised" if passkey.synchronised else "on one device"
    text = f"Passkey, {kind} · added {in_words(passkey.created_at)} · last used {in_words(passkey.last_used_at)}"
    path = f"/auth/factors/passkeys/{passkey.id}"
    _row(passkey.name, text, actions=(("Rename", f"{path}/rename"), ("Remove", f"{path}/remove")))


def _row(
    title: str, text: str, *, badge: tuple[str, str] = ("", ""), actions: tuple[tuple[str, str], ...] = ()
) -> None:
    with ui.element("li").classes("w-list__item w-account__row"):
        with ui.element("div"):
            with ui.element("div").classes("w-list__head"):
                ui.label(title).classes("w-list__title w-account__text")
                tone, state = badge
                if state:
                    ui.label(state).classes(f"w-badge w-badge--{tone}")
            ui.label(text).classes("w-list__text w-account__text")
        with ui.element("div").classes("w-account__actions"):
            for label, path in actions:
                leave(label, f"{label}: {title}", path)
