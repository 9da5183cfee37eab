"""Name, address and password."""

from nicegui import ui

from webos.sdk import OwnAccount, Page

from .leaving import leave
from .schemas import Profile

__all__ = ["add_profile"]


async def add_profile(page: Page, own: OwnAccount) -> None:
    """Add what others see of the user, and what he signs in with.

    Args:
        page: Where to add it.
        own: The user's account.
    """
    account = await own.get()

    async def rename(entered: Profile) -> None:
        await own.rename(entered.display_name)
        page.notify.success("Your name was changed.")

    page.add_form(
        Profile,
        on_submit=rename,
        title="Profile",
        submit_label="Save",
        values={"display_name": account.display_name},
    )
    with ui.element("section").classes("w-card w-section"):
        page.add_heading("Sign-in")
        with ui.element("ul").classes("w-list"):
            _row("User name", account.username)
            if account.email:
                badge = ("success", "Confirmed") if account.email_verified else ("warning", "Not confirmed")
                _row("E-mail", account.email, badge=badge, action="Change", path="/auth/email")
            else:
                _row(
                    "E-mail", "None, so nobody can send you a link for a new password", action="Add", path="/auth/email"
                )
            _row("Password", "Changing it signs you out on all other devices", action="Change", path="/auth/password")
        if not own.mail_is_set_up:
            page.add_text("This server sends no mail: ask an administrator to change your address.")


def _row(title: str, text: str, *, badge: tuple[str, str] = ("", ""), action: str = "", path: str = "") -> None:
    with ui.element("li").classes("w-list__item w-account__row"):
        with ui.element("div"):
            with ui.element("div").classes("w-list__head"):
                ui.label(title).classes("w-list__title")
                tone, state = badge
                if state:
                    ui.label(state).classes(f"w-badge w-badge--{tone}")
            ui.label(text).classes("w-list__text w-account__text")
        if action:
            leave(action, f"{action} {title.lower()}", path)
