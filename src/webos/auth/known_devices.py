"""The devices a user has signed in with before, so that a new one is noticed."""

import hashlib
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from pymongo.asynchronous.database import AsyncDatabase

from webos.auth.device import device_name
from webos.auth.throttle import network_of

__all__ = ["Familiarity", "KnownDevices"]

_REMEMBERED = timedelta(days=180)


class Familiarity(Enum):
    """How well a device is known."""

    FIRST = "first"
    NEW = "new"
    KNOWN = "known"


class KnownDevices:
    """Kinds of device and networks, by user; a browser's update or a new address of the same network is nothing new.

    Args:
        database: The database, without the guard.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._devices = database["webos_known_devices"]

    async def ensure_indexes(self) -> None:
        """Make the indexes: expiry, and by user."""
        await self._devices.create_index("expires_at", expireAfterSeconds=0)
        await self._devices.create_index("user_id")

    async def note(self, user_id: UUID, user_agent: str, address: str) -> Familiarity:
        """Remember a device for half a year and return how well it was known before.

        Args:
            user_id: Who signed in with it.
            user_agent: What the browser says of itself.
            address: Where the connection came from.
        """
        key = _key(user_id, user_agent, address)
        until = {"$set": {"expires_at": datetime.now(UTC) + _REMEMBERED}}
        if (await self._devices.update_one({"_id": key}, until)).matched_count:
            return Familiarity.KNOWN
        first = await self._devices.find_one({"user_id": user_id}, {"_id": 1}) is None
        await self._devices.update_one({"_id": key}, {**until, "$setOnInsert": {"user_id": user_id}}, upsert=True)
        return Familiarity.FIRST if first else Familiarity.NEW

    async def familiar(self, user_id: UUID, user_agent: str, address: str) -> str:
        """Return a name of the device and its network, where the user has signed in from there before; else nothing."""
        key = _key(user_id, user_agent, address)
        return key if await self._devices.find_one({"_id": key}, {"_id": 1}) is not None else ""

    async def forget(self, user_id: UUID) -> None:
        """Forget all devices of a user."""
        await self._devices.delete_many({"user_id": user_id})


def _key(user_id: UUID, user_agent: str, address: str) -> str:
    text = f"{user_id}\n{device_name(user_agent)}\n{network_of(address, wide=True)}"
    return hashlib.sha256(text.encode()).hexdigest()
