"""TaskIQ's receiver, with an end for every message."""

from contextvars import ContextVar

from loguru import logger
from taskiq import AckableMessage
from taskiq.receiver import Receiver

from webos.tasks.broker import MongoLeaseBroker
from webos.tasks.delivery import Delivery, Verdict

__all__ = ["LeaseReceiver", "current_delivery"]

_current: ContextVar[Delivery] = ContextVar("task_delivery")

_PAUSE_AFTER_AN_ERROR = 5.0


def current_delivery() -> Delivery:
    """Return the delivery for which the running code was started.

    Raises:
        LookupError: It was not started for one.
    """
    return _current.get()


class LeaseReceiver(Receiver):
    """Runs the task of a delivery and then settles it.

    TaskIQ drops a message that it cannot read or whose task it does not know; here they are kept.
    """

    async def callback(self, message: bytes | AckableMessage, raise_err: bool = False) -> None:  # noqa: FBT001, FBT002 - TaskIQ's signature
        """Run the task of `message` to its end."""
        if not isinstance(message, Delivery) or not isinstance(self.broker, MongoLeaseBroker):
            msg = "LeaseReceiver receives from a MongoLeaseBroker"
            raise TypeError(msg)
        message.started = True
        _current.set(message)
        try:
            await super().callback(message, raise_err)
            if message.settlement is None:
                self._keep(message, self.broker)
        except Exception:  # noqa: BLE001 - whatever happened, the message must not be lost
            logger.exception("a message of {} could not be handled", message.message.name)
            message.settle(Verdict.AGAIN, delay=_PAUSE_AFTER_AN_ERROR)
        finally:
            await self.broker.settle(message)

    def _keep(self, delivery: Delivery, broker: MongoLeaseBroker) -> None:
        name = delivery.message.name
        if broker.find_task(name) is None:
            logger.warning("{} waits: its module does not run here any more", name)
            delivery.settle(Verdict.GIVE_BACK)
        else:
            logger.error("a message of {} cannot be read and was parked", name)
            delivery.settle(Verdict.PARK, reason="it cannot be read")
