"""The parts behind the door of `AuthService`, put together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.accounts import AccountStore
from webos.auth.api_keys import KeyStore
from webos.auth.auth_log import AuthLog
from webos.auth.desk import SignInDesk
from webos.auth.groups import GroupStore
from webos.auth.known_devices import KnownDevices
from webos.auth.links import LinkMaker
from webos.auth.mail import MailOutbox
from webos.auth.passwords import PasswordHasher
from webos.auth.principals import PrincipalSource
from webos.auth.resolver import SessionResolver
from webos.auth.roles import RoleStore
from webos.auth.sessions import SessionStore
from webos.auth.throttle import SignInThrottle
from webos.auth.tickets import TicketStore
from webos.kernel.settings import Settings

__all__ = ["AuthParts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthParts:
    """What accounts and sessions are made of, each part in one place.

    Attributes:
        accounts: The accounts.
        roles: The roles.
        groups: The groups.
        stored_sessions: The sessions.
        stored_keys: The API keys.
        tickets: What links carry.
        devices: The devices users have signed in with.
        outbox: Takes mail.
        log: The record.
        principals: Where users come from.
        sessions: Tells who is behind a token.
        links: Makes links.
        hasher: Hashes passwords.
        throttle: Slows down those who guess.
        desk: Where people sign in.
    """

    accounts: AccountStore
    roles: RoleStore
    groups: GroupStore
    stored_sessions: SessionStore
    stored_keys: KeyStore
    tickets: TicketStore
    devices: KnownDevices
    outbox: MailOutbox
    log: AuthLog
    principals: PrincipalSource
    sessions: SessionResolver
    links: LinkMaker
    hasher: PasswordHasher
    throttle: SignInThrottle
    desk: SignInDesk

    @classmethod
    def of(
        cls,
        database: AsyncDatabase[dict[str, Any]],
        settings: Settings,
        hasher: PasswordHasher,
        clock: Callable[[], float],
    ) -> Self:
        """Return the parts for a database.

        Args:
            database: The database, without the guard.
            settings: The settings of the process.
            hasher: Hashes passwords.
            clock: Monotonic time in seconds.
        """
        accounts, roles, tickets = AccountStore(database), RoleStore(database), TicketStore(database)
        stored = SessionStore(database, timedelta(hours=settings.session_hours))
        groups = GroupStore(database)
        principals = PrincipalSource(accounts, roles, groups, clock=clock)
        outbox = MailOutbox(database, enabled=settings.smtp_url is not None)
        log = AuthLog(database, timedelta(days=settings.auth_events_days))
        throttle, devices = SignInThrottle(clock=clock), KnownDevices(database)
        return cls(
            accounts=accounts,
            roles=roles,
            groups=groups,
            stored_sessions=stored,
            stored_keys=KeyStore(database),
            tickets=tickets,
            devices=devices,
            outbox=outbox,
            log=log,
            principals=principals,
            sessions=SessionResolver(stored, principals, clock=clock),
            links=LinkMaker(tickets, accounts, settings),
            hasher=hasher,
            throttle=throttle,
            desk=SignInDesk(
                accounts=accounts,
                sessions=stored,
                hasher=hasher,
                throttle=throttle,
                devices=devices,
                outbox=outbox,
                log=log,
            ),
        )

    async def ensure_indexes(self) -> None:
        """Make the indexes of all collections."""
        await self.accounts.ensure_indexes()
        await self.stored_sessions.ensure_indexes()
        await self.stored_keys.ensure_indexes()
        await self.tickets.ensure_indexes()
        await self.devices.ensure_indexes()
        await self.outbox.ensure_indexes()
        await self.log.ensure_indexes()
