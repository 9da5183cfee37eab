"""The user's API keys."""

import re
from datetime import UTC, datetime

from nicegui import ui

from webos.sdk import ApiKey, OwnAccount, Page

from .schemas import NewKey
from .times import in_words

__all__ = ["KeysCard"]

_SEPARATORS = re.compile(r"[\s,;]+")


class KeysCard:
    """The user's API keys, a form for a new one, and the new one itself, this once.

    Args:
        page: Where to add them.
        own: The user's account.
    """

    def __init__(self, page: Page, own: OwnAccount) -> None:
        self._page = page
        self._own = own
        with ui.element("section").classes("w-card w-section").mark("keys"):
            page.add_heading("API keys")
            page.add_text("Programs act for you with a key, within the permissions you give it.")
            self._list = ui.element("ul").classes("w-list")
            self._fresh = ui.element("div")
        page.add_form(NewKey, on_submit=self._create, title="Make an API key", submit_label="Make the key")

    async def load(self) -> None:
        """Show the keys there are now."""
        keys = await self._own.keys()
        self._list.clear()
        with self._list:
            for key in keys:
                self._add(key)
            if not keys:
                with ui.element("li").classes("w-list__item"):
                    ui.label("You have no API keys.").classes("w-list__text")

    def _add(self, key: ApiKey) -> None:
        expired = key.is_expired(datetime.now(UTC))
        with ui.element("li").classes("w-list__item w-account__row").mark(f"key-{key.id}"):
            with ui.element("div"):
                with ui.element("div").classes("w-list__head"):
                    ui.label(key.name).classes("w-list__title")
                    ui.label(f"{key.start}…").classes("w-badge")
                    if expired:
                        ui.label("Expired").classes("w-badge w-badge--danger")
                ui.label(", ".join(key.scopes)).classes("w-list__text w-account__text")
                ends = f"ends {in_words(key.expires_at, 'never')}"
                ui.label(f"{ends} · last used {in_words(key.last_used_at)}").classes("w-list__text")
            self._page.add_button("Revoke", lambda: self._revoke(key), variant="danger")

    async def _create(self, entered: NewKey) -> None:
        scopes = [scope for scope in _SEPARATORS.split(entered.scopes) if scope]
        secret, _ = await self._own.create_key(entered.name, scopes, days=entered.days)
        self._fresh.clear()
        with self._fresh, ui.element("div").classes("w-account__fresh").props("role=status"):
            ui.label("Copy the key now: it is not shown again.").classes("w-list__title")
            with ui.element("pre").classes("w-list__reason").mark("fresh-key"):
                ui.label(secret)
            self._page.add_button("Copy", lambda: self._copy(secret), icon="content_copy")
        await self.load()

    def _copy(self, secret: str) -> None:
        ui.clipboard.write(secret)
        self._page.notify.success("Copied.")

    async def _revoke(self, key: ApiKey) -> None:
        await self._own.revoke_key(key.id)
        self._fresh.clear()
        self._page.notify.success(f"The key “{key.name}” was revoked.")
        await self.load()
