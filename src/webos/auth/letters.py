"""What each mail about an account says."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from webos.auth.accounts import Account, AccountStore
from webos.auth.auth_log import AuthEventKind, AuthLog
from webos.auth.errors import EmailTakenError
from webos.auth.links import LinkMaker
from webos.auth.mail import Letter, Order

__all__ = ["LetterWriter"]

_NOT_YOU = (
    "If this was not you, change your password and sign out everywhere on your account page, and tell an administrator."
)
_IGNORE = "If you did not ask for this, you can ignore this mail: nothing was changed."


class LetterWriter:
    """Writes the letters of an order, with links that are made at that moment.

    Args:
        accounts: The accounts.
        links: Makes links.
        log: The record.
        brand: Name of the product.
    """

    def __init__(self, accounts: AccountStore, links: LinkMaker, log: AuthLog, brand: str) -> None:
        self._accounts = accounts
        self._links = links
        self._log = log
        self._brand = brand

    async def write(self, order: Order) -> Sequence[Letter]:
        """Return the letters of an order: none where there is nobody to write to.

        Raises:
            KeyError: There is no such kind of order.
        """
        kinds = {
            "register": self._register,
            "invite": self._invite,
            "reset": self._reset,
            "confirm": self._confirm,
            "email_changed": self._email_changed,
            "password_changed": self._password_changed,
            "new_device": self._new_device,
            "suspicious": self._suspicious,
            "factors_changed": self._factors_changed,
            "factor_guessed": self._factor_guessed,
        }
        return await kinds[order.kind](order.data)

    async def _register(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        email: str = data["email"]
        known = await self._accounts.find_by_email(email)
        if known is not None:
            said = (
                "Somebody, probably you, wanted to make an account with this address.",
                f"You have one already: your user name is {known.username}. Sign in with it, or ask for a new password.",
            )
            return [
                Letter(
                    to=known.email,
                    name=_name(known),
                    subject="You have an account",
                    paragraphs=said,
                    button="Sign in",
                    link=self._links.page("/login"),
                )
            ]
        link, code = await self._links.join(email, by_mail=True)
        return [
            Letter(
                to=email,
                subject="Make your account",
                paragraphs=(f"Choose a user name and a password to begin with {self._brand}.",),
                button="Make your account",
                link=link,
                code=code,
                closing=("The link works once, for 7 days.", _IGNORE),
            )
        ]

    async def _invite(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        email: str = data["email"]
        if await self._accounts.find_by_email(email) is not None:
            return []
        link, code = await self._links.join(email, by_mail=True, roles=data["roles"], grants=data["grants"])
        invited = (
            f"{data['inviter']} invites you to {self._brand}."
            if data["inviter"]
            else f"You are invited to {self._brand}."
        )
        return [
            Letter(
                to=email,
                subject="Your invitation",
                paragraphs=(invited, "Choose a user name and a password to begin."),
                button="Accept the invitation",
                link=link,
                code=code,
                closing=("The link works once, for 7 days.",),
            )
        ]

    async def _reset(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        letters = []
        for account in await self._meant(data["identifier"]):
            link, code = await self._links.reset(account)
            await self._log.add(AuthEventKind.RESET_ASKED, account, address=data["address"])
            letters.append(
                Letter(
                    to=account.email,
                    name=_name(account),
                    subject="Choose a new password",
                    paragraphs=(f"Somebody, probably you, asked for a new password for the user {account.username}.",),
                    button="Choose a new password",
                    link=link,
                    code=code,
                    closing=("The link works once, for an hour.", _IGNORE),
                )
            )
        return letters

    async def _confirm(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        account, email = await self._accounts.get(UUID(data["user_id"])), data["email"]
        if account is None or account.disabled:
            return []
        try:
            link, code = await self._links.email(account, email)
        except EmailTakenError:
            # Who asked may not learn that somebody else has the address.
            return []
        return [
            Letter(
                to=email,
                name=_name(account),
                subject="Confirm your address",
                paragraphs=(f"This address was entered for the user {account.username}. Confirm that it is yours.",),
                button="Confirm the address",
                link=link,
                code=code,
                closing=("The link works once, for a day.", _IGNORE),
            )
        ]

    async def _email_changed(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        said = (f"Mail to the user {data['username']} now goes to another address than this one.",)
        return [
            Letter(
                to=data["to"],
                name=data["name"],
                subject="Your address was changed",
                paragraphs=said,
                closing=(_NOT_YOU,),
            )
        ]

    async def _password_changed(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        said = "Your password was changed. You were signed out on all other devices."
        return await self._told(data, "Your password was changed", said)

    async def _new_device(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        return await self._told(data, "A new sign-in", "You signed in with a device or from a place that is new.")

    async def _suspicious(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        said = f"Somebody signed in with your password after {data['failures']} attempts with wrong ones."
        return await self._told(data, "Was this you?", said)

    async def _factors_changed(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        return await self._told(data, "Your second factor", data["said"])

    async def _factor_guessed(self, data: Mapping[str, Any]) -> Sequence[Letter]:
        said = "Somebody entered your password and then wrong codes, again and again. If that was not you, change it."
        return await self._told(data, "Was this you?", said)

    async def _told(self, data: Mapping[str, Any], subject: str, said: str) -> Sequence[Letter]:
        account = await self._accounts.get(UUID(data["user_id"]))
        if account is None or not account.email:
            return []
        place = ", ".join(part for part in (data.get("device"), data.get("address")) if part)
        at: datetime = data["at"]
        when = f"{at:%d %B %Y, %H:%M} UTC" + (f" · {place}" if place else "")
        return [
            Letter(to=account.email, name=_name(account), subject=subject, paragraphs=(said, when), closing=(_NOT_YOU,))
        ]

    async def _meant(self, identifier: str) -> list[Account]:
        """Return the accounts that somebody who forgot his password may mean, and that mail can reach."""
        found = [await self._accounts.find(identifier)]
        if "@" in identifier:
            found.append(await self._accounts.find_by_email(identifier))
        usable = {
            account.id: account
            for account in found
            if account is not None and account.email and not account.disabled and not account.is_service
        }
        return list(usable.values())


def _name(account: Account) -> str:
    return account.display_name or account.username
