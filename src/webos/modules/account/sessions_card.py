"""Where the user is signed in."""

from nicegui import ui

from webos.sdk import OwnAccount, Page, SessionRecord

from .times import in_words

__all__ = ["SessionsCard"]


class SessionsCard:
    """The user's sessions, each with a way to end it.

    Args:
        page: Where to add them.
        own: The user's account.
        current: Public id of the session of this page.
    """

    def __init__(self, page: Page, own: OwnAccount, current: str) -> None:
        self._page = page
        self._own = own
        self._current = current
        with ui.element("section").classes("w-card w-section").mark("sessions"):
            page.add_heading("Where you are signed in")
            self._list = ui.element("ul").classes("w-list")
            self._everywhere = page.add_button("Sign out everywhere else", self._end_others, icon="logout")

    async def load(self) -> None:
        """Show the sessions there are now."""
        sessions = await self._own.sessions()
        self._list.clear()
        with self._list:
            for session in sorted(sessions, key=lambda session: session.public_id != self._current):
                self._add(session)
        others = any(session.public_id != self._current for session in sessions)
        self._everywhere.set_visibility(others)

    def _add(self, session: SessionRecord) -> None:
        own = session.public_id == self._current
        used = f"last used {in_words(session.last_seen_at)}"
        with ui.element("li").classes("w-list__item w-account__row").mark(f"session-{session.public_id}"):
            with ui.element("div"):
                with ui.element("div").classes("w-list__head"):
                    ui.label(session.device).classes("w-list__title")
                    if own:
                        ui.label("This device").classes("w-badge w-badge--success")
                where = session.address or "unknown address"
                ui.label(f"{where} · signed in {in_words(session.created_at)} · {used}").classes("w-list__text")
            if not own:
                self._page.add_button("Sign out", lambda: self._end(session))

    async def _end(self, session: SessionRecord) -> None:
        await self._own.end_session(session.public_id)
        self._page.notify.success(f"{session.device} was signed out.")
        await self.load()

    async def _end_others(self) -> None:
        count = await self._own.end_other_sessions(self._current)
        self._page.notify.success(f"Signed out in {count} {'place' if count == 1 else 'places'}.")
        await self.load()
