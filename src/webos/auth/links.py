"""Links for mails. What they carry stands behind the `#`, which browsers send to no server and into no log."""

from collections.abc import Iterable

from webos.auth.accounts import Account, AccountStore
from webos.auth.errors import EmailTakenError
from webos.auth.tickets import Purpose, TicketStore
from webos.kernel.settings import Settings

__all__ = ["LinkMaker"]


class LinkMaker:
    """Makes links, each with a ticket of its own; it returns the whole link and its code.

    Args:
        tickets: The tickets.
        accounts: The accounts.
        settings: The settings of the process; they name the address of the server, never a request does.
    """

    def __init__(self, tickets: TicketStore, accounts: AccountStore, settings: Settings) -> None:
        self._tickets = tickets
        self._accounts = accounts
        self._home = settings.public_url or settings.origin

    def page(self, path: str) -> str:
        """Return the address of a page."""
        return f"{self._home}{path}"

    async def join(
        self, email: str, *, by_mail: bool, roles: Iterable[str] = (), grants: Iterable[str] = ()
    ) -> tuple[str, str]:
        """Return a link to make an account with an address.

        Args:
            email: The address.
            by_mail: Whether the link is sent there, so that using it proves the address.
            roles: Roles of the new account.
            grants: Permissions of the new account.
        """
        code = await self._tickets.issue(
            Purpose.JOIN, email.casefold(), email=email, by_mail=by_mail, roles=list(roles), grants=list(grants)
        )
        return self._link("/auth/join", code)

    async def reset(self, account: Account) -> tuple[str, str]:
        """Return a link to choose a new password; a change of the account makes it void."""
        code = await self._tickets.issue(Purpose.RESET, account.id, auth_version=account.auth_version)
        return self._link("/auth/reset", code)

    async def email(self, account: Account, email: str) -> tuple[str, str]:
        """Return a link that gives an account an address.

        Raises:
            EmailTakenError: Another account has the address.
        """
        other = await self._accounts.find_by_email(email)
        if other is not None and other.id != account.id:
            raise EmailTakenError
        return self._link("/auth/verify", await self._tickets.issue(Purpose.EMAIL, account.id, email=email))

    def _link(self, path: str, code: str) -> tuple[str, str]:
        return f"{self._home}{path}#{code}", code
