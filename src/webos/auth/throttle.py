"""Slowing down those who guess passwords, without locking anybody out for long."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from webos.auth.errors import SignInThrottledError

__all__ = ["SignInThrottle", "network_of"]

_KEPT = 20_000
_FORGOTTEN_AFTER = 15 * 60.0


@dataclass(frozen=True, slots=True)
class _Limit:
    """How many attempts are free, and how long a wait grows at most, in seconds."""

    free: int
    longest: float


# One person mistypes a few times; behind one address there may be an office.
_BY_NAME_AND_ADDRESS = _Limit(free=5, longest=60.0)
_BY_ADDRESS = _Limit(free=50, longest=30.0)


@dataclass(slots=True)
class _Attempts:
    count: int = 0
    last: float = 0.0
    closed_until: float = 0.0


class SignInThrottle:
    """Counts attempts by user name and address together, and by address; each one too many doubles the wait.

    An attempt counts when it begins, so that many at once gain nothing, and is taken back when it succeeds. A refused
    attempt does not prolong the wait. A user is never shut out by guesses from other addresses. The counts are kept in
    memory, for each process.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: OrderedDict[Hashable, _Attempts] = OrderedDict()

    def begin(self, username_key: str, address: str) -> bool:
        """Count an attempt and return whether it is the first one that makes later ones wait.

        Args:
            username_key: The folded user name, known or not.
            address: Where the connection comes from; never what a header claims.

        Raises:
            SignInThrottledError: It comes too early.
        """
        now = self._clock()
        tracked = [(self._tracked(key, now), limit) for key, limit in _keys(username_key, address)]
        wait = max(attempts.closed_until - now for attempts, _ in tracked)
        if wait > 0:
            raise SignInThrottledError(wait)
        closes = False
        for attempts, limit in tracked:
            attempts.count += 1
            attempts.last = now
            if attempts.count >= limit.free:
                closes = closes or attempts.count == limit.free
                # The exponent is bounded, for the count is not.
                doubled = 2.0 ** min(attempts.count - limit.free, 16)
                attempts.closed_until = now + min(limit.longest, doubled)
        return closes

    def succeeded(self, username_key: str, address: str) -> None:
        """Take the attempt back: the password was right."""
        (own, _), (shared, limit) = _keys(username_key, address)
        self._attempts.pop(own, None)
        attempts = self._attempts.get(shared)
        if attempts is not None:
            # Only this one: an own account must not be a way to wipe out guesses at others.
            attempts.count = max(0, attempts.count - 1)
            if attempts.count < limit.free:
                attempts.closed_until = 0.0

    def _tracked(self, key: Hashable, now: float) -> _Attempts:
        attempts = self._attempts.get(key)
        if attempts is None:
            while len(self._attempts) >= _KEPT:
                self._attempts.popitem(last=False)
            attempts = self._attempts[key] = _Attempts(last=now)
        self._attempts.move_to_end(key)
        if now - attempts.last > _FORGOTTEN_AFTER:
            attempts.count = 0
        return attempts


def _keys(username_key: str, address: str) -> tuple[tuple[Hashable, _Limit], tuple[Hashable, _Limit]]:
    network = network_of(address)
    return ((username_key, network), _BY_NAME_AND_ADDRESS), (network, _BY_ADDRESS)


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
