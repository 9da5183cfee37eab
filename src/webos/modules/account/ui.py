from nicegui import ui

from webos.sdk import OwnAccount, Page

from .factors_card import FactorsCard
from .keys_card import KeysCard
from .profile import add_profile
from .sessions_card import SessionsCard

_STYLE = """
.w-account { display: grid; gap: var(--w-4); max-width: 760px; }
.w-account__row { grid-template-columns: minmax(0, 1fr) auto; gap: var(--w-3); align-items: center; padding: var(--w-3) 0; }
.w-account__row + .w-account__row { border-top: 1px solid var(--w-border); }
.w-account .w-list { gap: 0; }
.w-account__actions { display: flex; flex-wrap: wrap; gap: var(--w-2); justify-content: flex-end; }
.w-account__text { overflow-wrap: anywhere; }
.w-account__fresh { display: grid; gap: var(--w-2); justify-items: start; margin-top: var(--w-3); padding: var(--w-3); border-radius: var(--w-radius-sm); background: var(--w-success-soft); }
.w-account__fresh pre { max-width: 100%; user-select: all; overflow-wrap: anywhere; }
"""


class AccountPage(Page):
    """The user's own account."""

    path = "/account"
    title = "Your account"
    searchable = False

    async def build(self) -> None:
        """Add the profile, the sessions and the keys."""
        own = self.service(OwnAccount)
        sign_in = await self.interface.sessions.resolve(self.visit.tab.token)
        ui.add_css(_STYLE)
        with ui.element("div").classes("w-account"):
            await add_profile(self, own)
            factors = FactorsCard(self, own)
            sessions = SessionsCard(self, own, sign_in.session_id if sign_in is not None else "")
            keys = KeysCard(self, own)
        await factors.load()
        await sessions.load()
        await keys.load()
