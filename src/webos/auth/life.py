"""The life of an account: how people come, prove their address, change their password, and go."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from loguru import logger

from webos.auth.accounts import Account, AccountStore, check_display_name, fold_username
from webos.auth.administration import Administration
from webos.auth.auth_log import AuthEventKind, AuthLog
from webos.auth.caller import current_caller
from webos.auth.desk import SignInDesk
from webos.auth.errors import AccountNotFoundError, EmailTakenError, LinkNotValidError, RegistrationClosedError
from webos.auth.factors.proof import Proof
from webos.auth.links import LinkMaker
from webos.auth.mail import MailOutbox, check_address, fold_address
from webos.auth.passwords import PasswordHasher, check_new_password
from webos.auth.roles import check_grants
from webos.auth.throttle import SignInThrottle
from webos.auth.tickets import Purpose, TicketStore
from webos.kernel.errors import WebOSError
from webos.kernel.settings import Registration, Settings

__all__ = ["AccountLife"]

_LONGEST_IDENTIFIER = 254


class AccountLife:
    """What people do with their own accounts, and links that let them.

    What strangers may ask answers alike whether or not there is such a user: the answer is found when the mail is written.

    Args:
        auth: Changes accounts and ends sessions.
        accounts: The accounts.
        desk: Asks for passwords.
        tickets: What links carry.
        links: Makes links.
        hasher: Hashes passwords.
        throttle: Slows down those who ask for mail again and again.
        outbox: Takes mail.
        log: The record.
        settings: The settings of the process.
    """

    def __init__(
        self,
        auth: Administration,
        *,
        accounts: AccountStore,
        desk: SignInDesk,
        tickets: TicketStore,
        links: LinkMaker,
        hasher: PasswordHasher,
        throttle: SignInThrottle,
        outbox: MailOutbox,
        log: AuthLog,
        settings: Settings,
    ) -> None:
        self._auth = auth
        self._accounts = accounts
        self._desk = desk
        self._tickets = tickets
        self._links = links
        self._hasher = hasher
        self._throttle = throttle
        self._outbox = outbox
        self._log = log
        self.registration_open = settings.registration is Registration.OPEN

    @property
    def mail_is_set_up(self) -> bool:
        """Whether the server can send mail."""
        return self._outbox.enabled

    async def ask_to_register(self, email: str) -> None:
        """Send a link to make an account, or to one who has one, a word that he has.

        Raises:
            RegistrationClosedError: Accounts are made by invitation only.
            MailNotSetUpError: The server sends no mail.
            InvalidInputError: That is no address.
            SignInThrottledError: There were too many attempts.
        """
        if not self.registration_open:
            raise RegistrationClosedError
        self._outbox.demand_enabled()
        address = check_address(email)
        await self._throttle.begin(fold_address(address), current_caller().address)
        await self._outbox.put("register", email=address)
        await self._log.add(AuthEventKind.REGISTRATION_ASKED)

    async def invite(
        self,
        email: str,
        *,
        roles: Iterable[str] = (),
        grants: Iterable[str] = (),
        inviter: str = "",
        by_mail: bool = True,
    ) -> str:
        """Invite somebody to make an account, by mail or by a link that is returned.

        Args:
            email: Address of the new account.
            roles: Names of existing roles.
            grants: Permissions and wildcards beyond those.
            inviter: Name of who invites, for the mail.
            by_mail: Whether a mail is sent; else the link is returned, and using it proves no address.

        Raises:
            InvalidInputError: That is no address, a grant does not fit, or a role does not exist.
            EmailTakenError: Somebody has the address.
            MailNotSetUpError: The server sends no mail.
        """
        address = check_address(email)
        names, checked = await self._auth.existing_roles(roles), check_grants(grants)
        if await self._accounts.find_by_email(address) is not None:
            raise EmailTakenError
        link = ""
        if by_mail:
            self._outbox.demand_enabled()
            await self._outbox.put("invite", email=address, roles=names, grants=checked, inviter=inviter)
        else:
            link, _ = await self._links.join(address, by_mail=False, roles=names, grants=checked)
        await self._log.add(AuthEventKind.INVITED, email=address, roles=names, grants=checked)
        return link

    async def join(self, code: str, username: str, password: str, *, display_name: str = "") -> Account:
        """Make the account that an invitation or a registration promised.

        Args:
            code: What the link carried.
            username: Name to sign in with.
            password: The password.
            display_name: Name to show.

        Raises:
            LinkNotValidError: The link was used, has expired or was replaced.
            InvalidInputError: Name or password does not fit.
            UsernameTakenError: Somebody has the user name.
            EmailTakenError: Somebody has the address by now.
        """
        check_new_password(password)
        shown = check_display_name(display_name)
        await self._tickets.look(Purpose.JOIN, code)
        hashed = await self._hasher.hash(password)
        ticket = await self._tickets.redeem(Purpose.JOIN, code)
        promised = ticket.payload
        try:
            account = await self._accounts.insert(
                username.strip(),
                hashed,
                display_name=shown,
                roles=promised["roles"],
                grants=promised["grants"],
                email=promised["email"],
                email_verified=promised["by_mail"],
            )
        except WebOSError:
            await self._tickets.give_back(ticket)
            raise
        await self._log.add(AuthEventKind.JOINED, account, by_mail=promised["by_mail"])
        logger.info("{} joined", account.username)
        return account

    async def ask_reset(self, identifier: str) -> None:
        """Send a link to choose a new password to whoever has this user name or address, if anybody.

        Raises:
            MailNotSetUpError: The server sends no mail.
            SignInThrottledError: There were too many attempts.
        """
        self._outbox.demand_enabled()
        meant = identifier.strip()[:_LONGEST_IDENTIFIER]
        address = current_caller().address
        await self._throttle.begin(fold_username(meant), address)
        # Unicode that cannot be stored is the name of nobody.
        await self._outbox.put("reset", identifier=meant.encode("utf-8", "replace").decode(), address=address)

    async def reset_link(self, user_id: UUID) -> str:
        """Return a link with which a user can choose a new password, for an administrator to hand over.

        Raises:
            AccountNotFoundError: There is no such account.
        """
        account = await self._existing(user_id)
        link, _ = await self._links.reset(account)
        await self._log.add(AuthEventKind.RESET_ASKED, account, by="administrator")
        return link

    async def reset(self, code: str, password: str) -> Account:
        """Set the password of whom a link was made for; all his sessions end.

        Raises:
            LinkNotValidError: The link was used, has expired or was replaced, or the account was changed since.
            InvalidInputError: The password does not fit.
        """
        check_new_password(password)
        await self._tickets.look(Purpose.RESET, code)
        hashed = await self._hasher.hash(password)
        ticket = await self._tickets.redeem(Purpose.RESET, code)
        account = await self._accounts.get(UUID(ticket.subject))
        usable = account is not None and not account.disabled and not account.is_service
        if account is None or not usable or account.auth_version != ticket.payload["auth_version"]:
            raise LinkNotValidError
        await self._auth.store_password(account, hashed, AuthEventKind.PASSWORD_RESET)
        return account

    async def change_password(self, user_id: UUID, current: str, password: str, *, session_id: str = "") -> str:
        """Set a new password for somebody who knows the current one; return the token of the session he goes on with.

        Args:
            user_id: Who.
            current: The current password.
            password: The new one.
            session_id: Public id of the session he acts in, whose second factor goes on to count.

        Raises:
            SignInFailedError: The current password is wrong.
            SignInThrottledError: There were too many attempts.
            InvalidInputError: The new password does not fit.
            AccountNotFoundError: There is no such account.
        """
        account = await self._existing(user_id)
        check_new_password(password)
        await self._desk.check_password(account, current)
        proofs = {
            **await self._desk.proofs_of(session_id),
            Proof.PASSWORD.value: datetime.now(UTC).replace(microsecond=0),
        }
        await self._auth.store_password(account, await self._hasher.hash(password), AuthEventKind.PASSWORD_CHANGED)
        changed = await self._existing(user_id)
        token, _ = await self._desk.begin_session(changed, current_caller().address, proofs=proofs)
        return token

    async def ask_email(self, user_id: UUID, current: str, email: str) -> None:
        """Send a link to a new address of somebody who knows his password; it becomes his when he follows it.

        Raises:
            SignInFailedError: The current password is wrong.
            SignInThrottledError: There were too many attempts.
            InvalidInputError: That is no address.
            MailNotSetUpError: The server sends no mail.
            AccountNotFoundError: There is no such account.
        """
        account = await self._existing(user_id)
        self._outbox.demand_enabled()
        address = check_address(email)
        await self._desk.check_password(account, current)
        await self._outbox.put("confirm", user_id=str(account.id), email=address)
        await self._log.add(AuthEventKind.EMAIL_ASKED, account)

    async def confirm_email(self, code: str) -> Account:
        """Give an account the address that a link was sent to; the old address is told.

        Raises:
            LinkNotValidError: The link was used, has expired or was replaced.
            EmailTakenError: Somebody else has the address by now.
        """
        ticket = await self._tickets.redeem(Purpose.EMAIL, code)
        account = await self._accounts.get(UUID(ticket.subject))
        if account is None or account.disabled:
            raise LinkNotValidError
        await self.set_email(account, ticket.payload["email"], verified=True)
        return account

    async def set_email(self, account: Account, email: str, *, verified: bool) -> None:
        """Give an account an address; the old one is told.

        Args:
            account: Whose.
            email: The address; empty for none.
            verified: Whether the address was proved.

        Raises:
            InvalidInputError: That is no address.
            EmailTakenError: Another account has the address.
        """
        await self._accounts.describe(account.id, email=check_address(email) if email else "", email_verified=verified)
        if fold_address(email) == fold_address(account.email):
            await self._log.add(AuthEventKind.EMAIL_VERIFIED, account)
            return
        await self._log.add(AuthEventKind.EMAIL_CHANGED, account, verified=verified)
        if account.email:
            name = account.display_name or account.username
            await self._outbox.put("email_changed", to=account.email, name=name, username=account.username)

    async def _existing(self, user_id: UUID) -> Account:
        account = await self._accounts.get(user_id)
        if account is None:
            raise AccountNotFoundError
        return account
