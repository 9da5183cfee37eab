"""Where the events of one topic go."""

from dataclasses import dataclass, field

from webos.events.mailbox import Mailbox
from webos.events.subscription import Delivery

__all__ = ["Route"]


@dataclass(eq=False, slots=True)
class Route:
    """Where the events of one topic go.

    Attributes:
        mailboxes: Of all who subscribed to it in this process.
        passing: Of those among them that are told of durable events only while they are there.
        is_typed: Whether the payload is declared.
        sources: The modules that have emitted the topic since the process started.
    """

    mailboxes: tuple[Mailbox[Delivery], ...]
    passing: tuple[Mailbox[Delivery], ...]
    is_typed: bool
    sources: set[str] = field(default_factory=set)
