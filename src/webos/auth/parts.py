"""The parts behind the door of `AuthService`, put together."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.accounts import AccountStore
from webos.auth.api_keys import KeyStore
from webos.auth.auth_log import AuthLog
from webos.auth.desk import SignInDesk
from webos.auth.factors.challenges import ChallengeStore
from webos.auth.factors.checks import CodeChecks
from webos.auth.factors.code_throttle import CodeThrottle
from webos.auth.factors.passkey_store import PasskeyStore
from webos.auth.factors.passkeys import Passkeys
from webos.auth.factors.pending import PendingStore
from webos.auth.factors.store import FactorStore
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
from webos.data.secret import Keyring
from webos.kernel.settings import Settings

__all__ = ["AuthParts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthParts:
    """What accounts and sessions are made of, each part in one place.

    Attributes:
        database: The database, without the guard.
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
        mail_throttle: Slows down those who ask for mail again and again.
        factors: Secrets of apps and recovery codes.
        stored_passkeys: The passkeys.
        passkeys: Asks browsers for passkeys.
        challenges: What they were asked.
        pending: Sign-ins that lack their second factor.
        code_throttle: Slows down those who guess codes.
        checks: Compares codes.
        desk: Where people sign in.
    """

    database: AsyncDatabase[dict[str, Any]]
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
    mail_throttle: SignInThrottle
    factors: FactorStore
    stored_passkeys: PasskeyStore
    passkeys: Passkeys
    challenges: ChallengeStore
    pending: PendingStore
    code_throttle: CodeThrottle
    checks: CodeChecks
    desk: SignInDesk

    @classmethod
    def of(
        cls,
        database: AsyncDatabase[dict[str, Any]],
        settings: Settings,
        hasher: PasswordHasher,
        *,
        clock: Callable[[], float],
        brand: str = "WebOS",
        wall: Callable[[], float] = time.time,
    ) -> Self:
        """Return the parts for a database.

        Args:
            database: The database, without the guard.
            settings: The settings of the process.
            hasher: Hashes passwords.
            clock: Monotonic time in seconds.
            wall: Seconds since 1970, which all processes agree on.
            brand: Name of the product.
        """
        accounts, roles, tickets = AccountStore(database), RoleStore(database), TicketStore(database)
        stored = SessionStore(database, timedelta(hours=settings.session_hours))
        groups = GroupStore(database)
        principals = PrincipalSource(accounts, roles, groups, clock=clock)
        outbox = MailOutbox(database, enabled=settings.smtp_url is not None)
        log = AuthLog(database, timedelta(days=settings.auth_events_days))
        throttle, devices = SignInThrottle(database, clock=wall), KnownDevices(database)
        factors, code_throttle = FactorStore(database, lambda: Keyring.of(settings)), CodeThrottle(database)
        checks = CodeChecks(factors, code_throttle, devices, outbox, log)
        stored_passkeys, challenges, pending = PasskeyStore(database), ChallengeStore(database), PendingStore(database)
        return cls(
            database=database,
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
            mail_throttle=SignInThrottle(database, purpose="mail", clock=wall),
            factors=factors,
            stored_passkeys=stored_passkeys,
            passkeys=Passkeys(stored_passkeys, challenges, settings.origin, brand),
            challenges=challenges,
            pending=pending,
            code_throttle=code_throttle,
            checks=checks,
            desk=SignInDesk(
                accounts=accounts,
                sessions=stored,
                hasher=hasher,
                throttle=throttle,
                devices=devices,
                outbox=outbox,
                log=log,
                checks=checks,
                pending=pending,
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
        await self.factors.prepare()
        await self.stored_passkeys.ensure_indexes()
        await self.challenges.ensure_indexes()
        await self.pending.ensure_indexes()
        await self.throttle.ensure_indexes()
        await self.code_throttle.ensure_indexes()
