"""The event bus as one module sees it."""

from typing import Any

from webos.events.bus import EventBus
from webos.events.envelope import EventEnvelope

__all__ = ["ModuleBus"]


class ModuleBus:
    """The event bus as one module sees it: what it emits carries the module's name as its source.

    Args:
        bus: The application's bus.
        source: Name of the module.
    """

    def __init__(self, bus: EventBus, source: str) -> None:
        self._bus = bus
        self._source = source

    async def emit(self, topic: str, payload: dict[str, Any] | None = None) -> EventEnvelope:
        """Tell every subscriber of `topic`; waits only while one of their queues is full.

        Args:
            topic: `entity:action`.
            payload: What happened; JSON-able.

        Returns:
            The envelope that was sent.

        Raises:
            InvalidTopicError: The topic is not `entity:action`.
        """
        return await self._bus.emit(topic, payload, source=self._source)
