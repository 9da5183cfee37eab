"""Password hashes: Argon2id, computed off the event loop, in equal time for known and unknown users."""

import asyncio
import base64
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from secrets import token_bytes
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from webos.kernel.errors import InvalidInputError

__all__ = ["MAX_PASSWORD_LENGTH", "MIN_PASSWORD_LENGTH", "PasswordHasher", "Verdict", "check_new_password"]

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 1024

_THREADS = 2
_NICENESS = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out of comparing a password.

    Attributes:
        valid: Whether it is the right one.
        new_hash: A hash to store instead, where the old one was made with weaker parameters.
    """

    valid: bool
    new_hash: str | None = None


def check_new_password(password: str) -> None:
    """Refuse a password that must not be set.

    Raises:
        InvalidInputError: It is shorter than 8 or longer than 1024 characters.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise InvalidInputError(fields={"password": f"Use at least {MIN_PASSWORD_LENGTH} characters"})
    if len(password) > MAX_PASSWORD_LENGTH:
        raise InvalidInputError(fields={"password": f"Use at most {MAX_PASSWORD_LENGTH} characters"})


class PasswordHasher:
    """Hashes and compares passwords in threads, two at a time, so that a storm of sign-ins leaves others their share.

    Args:
        time_cost: Passes over the memory.
        memory_cost: Memory for one hash, in KiB.
    """

    def __init__(self, *, time_cost: int = 3, memory_cost: int = 64 * 1024) -> None:
        # One lane: more of them would take all cores for one sign-in.
        argon2 = Argon2Hasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=1)
        self._hasher = PasswordHash((argon2,))
        # Threads of its own, and not a semaphore before the shared ones: a cancelled request gives its turn back
        # although its thread goes on, and the threads here have a lower priority than those that serve.
        self._threads = ThreadPoolExecutor(_THREADS, "password", initializer=_step_back)
        # Stands in for unknown users: the hash of nothing anybody knows, with the cost of a real one.
        self._nobody = f"$argon2id$v=19$m={memory_cost},t={time_cost},p=1${_random(16)}${_random(32)}"

    async def hash(self, password: str) -> str:
        """Return the hash to store for `password`."""
        return await self._run(lambda: self._hasher.hash(_canonical(password)))

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Compare `password` with a stored hash.

        Args:
            password: What was entered.
            stored: The hash of the account; None where there is no such account or it has no password.
                It takes the same time, and is never valid.
        """
        hopeless = stored is None or len(password) > MAX_PASSWORD_LENGTH
        against = self._nobody if stored is None or hopeless else stored
        candidate = _canonical(password[:MAX_PASSWORD_LENGTH])
        valid, new_hash = await self._run(lambda: self._hasher.verify_and_update(candidate, against))
        return Verdict(valid=False) if hopeless else Verdict(valid, new_hash)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _random(size: int) -> str:
    return base64.b64encode(token_bytes(size)).decode().rstrip("=")


def _step_back() -> None:
    """Lower the priority of the running thread, where the system has one for each thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _canonical(password: str) -> bytes:
    """Return one form for what keyboards write in several, as NIST SP 800-63B asks for."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
