"""Slowing down those who guess passwords, without locking anybody out for long."""

import hashlib
import ipaddress
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from webos.auth.errors import SignInThrottledError

__all__ = ["SignInThrottle", "network_of"]

_KEPT = timedelta(hours=1)
_FORGOTTEN_AFTER = 15 * 60.0


@dataclass(frozen=True, slots=True)
class _Limit:
    """How many attempts are free, and how long a wait grows at most, in seconds."""

    free: int
    longest: float


# One person mistypes a few times; behind one address there may be an office.
_BY_NAME_AND_ADDRESS = _Limit(free=5, longest=60.0)
_BY_ADDRESS = _Limit(free=50, longest=30.0)


@dataclass(frozen=True, slots=True)
class _Attempts:
    """What is known of one key; `version` is 0 where nothing is stored."""

    count: int = 0
    last: float = 0.0
    closed_until: float = 0.0
    version: int = 0

    def with_one_more(self, limit: _Limit, now: float) -> "_Attempts":
        count = 1 if now - self.last > _FORGOTTEN_AFTER else self.count + 1
        closed_until = 0.0
        if count >= limit.free:
            # The exponent is bounded, for the count is not.
            closed_until = now + min(limit.longest, 2.0 ** min(count - limit.free, 16))
        return _Attempts(count, now, closed_until, self.version + 1)


class SignInThrottle:
    """Counts attempts by user name and address together, and by address; each one too many doubles the wait.

    An attempt counts when it begins, so that many at once gain nothing, and is taken back when it succeeds. A refused
    attempt does not prolong the wait. A user is never shut out by guesses from other addresses. The counts are kept in
    the database, for all processes together.

    Args:
        database: The database, without the guard.
        purpose: Of what the attempts are: each purpose is counted by itself.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        database: AsyncDatabase[dict[str, Any]],
        *,
        purpose: str = "sign-in",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._attempts = database["webos_sign_in_attempts"]
        self._purpose = purpose
        self._clock = clock

    async def ensure_indexes(self) -> None:
        """Make the index of expiry."""
        await self._attempts.create_index("expires_at", expireAfterSeconds=0)

    async def begin(self, username_key: str, address: str) -> bool:
        """Count an attempt and return whether it is the first one that makes later ones wait.

        Args:
            username_key: The folded user name, known or not.
            address: Where the connection comes from; never what a header claims.

        Raises:
            SignInThrottledError: It comes too early.
        """
        now = self._clock()
        keys = self._keys(username_key, address)
        known = await self._read([key for key, _ in keys])
        # Of both first: who must wait is not counted at all.
        self._demand_open(known.values(), now)
        closes = False
        for key, limit in keys:
            counted = await self._count(key, limit, known[key], now)
            closes = closes or counted.count == limit.free
        return closes

    async def succeeded(self, username_key: str, address: str) -> None:
        """Take the attempt back: the password was right."""
        (own, _), (shared, limit) = self._keys(username_key, address)
        await self._attempts.delete_one({"_id": own})
        # Only this one: an own account must not be a way to wipe out guesses at others.
        await self._attempts.update_one({"_id": shared, "count": {"$gt": 0}}, {"$inc": {"count": -1, "version": 1}})
        await self._attempts.update_one(
            {"_id": shared, "count": {"$lt": limit.free}}, {"$set": {"closed_until": 0.0}, "$inc": {"version": 1}}
        )

    async def _count(self, key: str, limit: _Limit, known: _Attempts, now: float) -> _Attempts:
        """Count an attempt at one key, however many others do at the same moment."""
        while True:
            self._demand_open([known], now)
            counted = known.with_one_more(limit, now)
            if await self._replace(key, known.version, counted):
                return counted
            known = (await self._read([key]))[key]

    async def _replace(self, key: str, version: int, counted: _Attempts) -> bool:
        values = {
            "count": counted.count,
            "last": counted.last,
            "closed_until": counted.closed_until,
            "version": counted.version,
            "expires_at": datetime.now(UTC) + _KEPT,
        }
        if version:
            done = await self._attempts.update_one({"_id": key, "version": version}, {"$set": values})
            return bool(done.matched_count)
        try:
            await self._attempts.insert_one({"_id": key, **values})
        except DuplicateKeyError:
            return False
        return True

    async def _read(self, keys: list[str]) -> dict[str, _Attempts]:
        found = dict.fromkeys(keys, _Attempts())
        async for document in self._attempts.find({"_id": {"$in": keys}}):
            found[document["_id"]] = _Attempts(
                document["count"], document["last"], document["closed_until"], document["version"]
            )
        return found

    @staticmethod
    def _demand_open(attempts: Iterable[_Attempts], now: float) -> None:
        wait = max(each.closed_until - now for each in attempts)
        if wait > 0:
            raise SignInThrottledError(wait)

    def _keys(self, username_key: str, address: str) -> tuple[tuple[str, _Limit], tuple[str, _Limit]]:
        network = network_of(address)
        return (
            (self._key(network, username_key), _BY_NAME_AND_ADDRESS),
            (self._key(network), _BY_ADDRESS),
        )

    def _key(self, *parts: str) -> str:
        # What somebody typed for a name may be his password.
        return hashlib.sha256("\n".join((self._purpose, *parts)).encode("utf-8", "replace")).hexdigest()


def network_of(address: str, *, wide: bool = False) -> str:
    """Return the address, or for IPv6 its /64: a single customer has all of that.

    Args:
        address: An address, or any other name of where a connection comes from.
        wide: Whether neighbours count as the same: the /24 of IPv4, the /48 of IPv6.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 48 if wide else 64), strict=False))
    return str(ipaddress.ip_network((parsed, 24), strict=False)) if wide else str(parsed)
