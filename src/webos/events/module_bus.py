"""The event bus as one module sees it."""

from typing import TYPE_CHECKING, Any

from webos.events.bus import EventBus
from webos.events.envelope import EventEnvelope

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pymongo.asynchronous.client_session import AsyncClientSession

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

    async def emit(
        self,
        topic: str,
        payload: "dict[str, Any] | BaseModel | None" = None,
        *,
        session: "AsyncClientSession | None" = None,
    ) -> EventEnvelope:
        """Tell every subscriber of `topic`; waits only while one of their queues is full.

        Args:
            topic: `entity:action`.
            payload: What happened; JSON-able, or a Pydantic model.
            session: Transaction to which the event belongs. It is sent if that is committed, and then survives the
                end of this process: each subscriber of a module gets it at least once.

        Returns:
            The envelope that was sent.

        Raises:
            InvalidTopicError: The topic is not `entity:action`.
            InvalidPayloadError: The payload is not what a module has declared for the topic.
        """
        return await self._bus.emit(topic, payload, source=self._source, session=session)
