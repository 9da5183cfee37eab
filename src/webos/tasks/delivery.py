"""One message on its way through a worker, and what is to become of it."""

import time
from dataclasses import dataclass
from enum import Enum
from typing import Self

from pydantic import Field
from taskiq.acks import AckableMessage

__all__ = ["Delivery", "QueuedMessage", "Settlement", "Verdict"]


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """A message as the queue holds it.

    Attributes:
        id: Id of the task.
        name: Registered name of the task.
        body: What TaskIQ made of the call.
        token: Who holds the message; new with every claim.
        attempts: How often it was claimed and not given back unharmed, this time included.
        max_attempts: How often at most.
        lease: Seconds after which it is claimed anew if nothing is heard of its worker.
        step: Which step of a chain it carries, from 0.
        steps: How many steps the chain has; 1 for a task that is none.
    """

    id: str
    name: str
    body: bytes
    token: str
    attempts: int
    max_attempts: int
    lease: float
    step: int = 0
    steps: int = 1

    @property
    def has_next(self) -> bool:
        """Whether a step follows."""
        return self.step + 1 < self.steps


class Verdict(Enum):
    """What becomes of a message."""

    DONE = "remove it"
    AGAIN = "offer it again after a pause"
    GIVE_BACK = "offer it again at once; the attempt does not count"
    PARK = "keep it, offer it to nobody"
    LOST = "leave it alone: another worker holds it"
    PASSED_ON = "leave it alone: it carries the next step"


@dataclass(frozen=True, slots=True)
class Settlement:
    """A verdict with what it needs.

    Attributes:
        verdict: What becomes of the message.
        delay: Seconds of the pause of `AGAIN`.
        reason: Why it is parked.
    """

    verdict: Verdict
    delay: float = 0.0
    reason: str = ""


class Delivery(AckableMessage):
    """A claimed message in the form that TaskIQ takes.

    Attributes:
        message: The message.
        started: Whether a task was started for it.
        settlement: What is to become of it; None while nothing was decided.
        extended_at: When its lease began, on the monotonic clock.
    """

    message: QueuedMessage
    started: bool = False
    settlement: Settlement | None = None
    extended_at: float = Field(default_factory=time.monotonic)

    @classmethod
    def of(cls, message: QueuedMessage) -> Self:
        """Return the delivery of a message that was claimed just now."""
        return cls(data=message.body, ack=lambda: None, message=message)

    def settle(self, verdict: Verdict, *, delay: float = 0.0, reason: str = "") -> None:
        """Decide what becomes of the message; the last decision counts.

        Args:
            verdict: What becomes of it.
            delay: Seconds of the pause of `AGAIN`.
            reason: Why it is parked.
        """
        self.settlement = Settlement(verdict, delay, reason)
