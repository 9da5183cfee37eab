"""The envelope in which every event travels (§10.3 of the specification)."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from uuid import UUID, uuid4

from webos.events.topic import check_topic
from webos.kernel.context import new_trace_id

__all__ = ["EventEnvelope", "seal"]


@dataclass(frozen=True, slots=True)
class EventEnvelope:
    """One event, with who caused it and under which trace.

    Every subscriber is given the same envelope: it is not to be changed, nor is its payload.

    Attributes:
        topic: `entity:action`.
        payload: What happened; JSON-able.
        source: Name of the module that emitted it; empty for the framework.
        trace_id: Trace of the request, task or event in which it was emitted.
        timestamp: When it was emitted, in seconds since 1970, UTC.
        id: Identity of the event, the same for every subscriber.
        user_id: Who caused it; None where nobody acted.
        version: Version of the envelope's form.
        key_id: Id of the API key by which the user acted; empty without one. It opens nothing.

    Raises:
        InvalidTopicError: The topic is not `entity:action`.
    """

    topic: str
    payload: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    trace_id: str = field(default_factory=new_trace_id)
    timestamp: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: uuid4().hex)
    user_id: UUID | None = None
    version: int = 1
    key_id: str = ""

    def __post_init__(self) -> None:
        check_topic(self.topic)

    def to_dict(self) -> dict[str, Any]:
        """Return the envelope as plain JSON values, to be sent elsewhere."""
        return {**asdict(self), "user_id": str(self.user_id) if self.user_id is not None else None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the envelope that `to_dict` made `values` from.

        Raises:
            InvalidTopicError: The topic is not `entity:action`.
        """
        user_id = values["user_id"]
        return cls(**{**values, "user_id": UUID(user_id) if user_id is not None else None})


class _Draft:
    """The slots of an envelope while they are filled."""

    __slots__ = EventEnvelope.__slots__

    topic: str
    payload: dict[str, Any]
    source: str
    trace_id: str
    timestamp: float
    id: str
    user_id: UUID | None
    version: int
    key_id: str


def seal(  # noqa: PLR0917 - it is called for every event, and names would cost time
    topic: str,
    payload: dict[str, Any],
    source: str,
    trace_id: str,
    event_id: str,
    user_id: UUID | None,
    key_id: str = "",
) -> EventEnvelope:
    """Return an envelope stamped with the present time, whose topic is known to be valid.

    The `__init__` of a frozen dataclass sets each attribute through a call of its own, which would make up half of the
    cost of `emit`. A draft with the same slots is filled quickly and then becomes an envelope.
    """
    draft = _Draft()
    draft.topic = topic
    draft.payload = payload
    draft.source = source
    draft.trace_id = trace_id
    draft.timestamp = time.time()
    draft.id = event_id
    draft.user_id = user_id
    draft.version = 1
    draft.key_id = key_id
    sealed: Any = draft
    sealed.__class__ = EventEnvelope
    envelope: EventEnvelope = sealed
    return envelope
