"""Sending what waits in the outbox, in the background."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import aiosmtplib
from loguru import logger
from pymongo.errors import PyMongoError

from webos.auth.mail.letter import Letter, LetterPress
from webos.auth.mail.outbox import MailOutbox, Order
from webos.auth.mail.server import SmtpServer

__all__ = ["Postman"]

_LOOK_SECONDS = 5.0
_STOP_SECONDS = 0.5
_PERMANENT = range(500, 600)

Writer = Callable[[Order], Awaitable[Sequence[Letter]]]
"""Writes the letters of an order: none where there is nobody to write to."""


class Postman:
    """Writes and sends one order after the other; what the server does not take now is tried again later.

    Args:
        outbox: The orders.
        write: Writes the letters of an order.
        press: Makes messages of them.
        server: Takes the messages.
    """

    def __init__(self, outbox: MailOutbox, write: Writer, press: LetterPress, server: SmtpServer) -> None:
        self._outbox = outbox
        self._write = write
        self._press = press
        self._server = server
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="send mail")

    async def stop(self) -> None:
        """Stop sending; what was being sent is sent again after its lease."""
        task, self._task = self._task, None
        while task is not None and not task.done():
            # Once may not be enough: a connection that is being closed takes the cancellation for an error of its own.
            task.cancel()
            await asyncio.wait([task], timeout=_STOP_SECONDS)

    def wake(self) -> None:
        """Look for orders now."""
        self._woken.set()

    async def deliver_due(self) -> int:
        """Carry out all orders that are due and return how many there were."""
        count = 0
        while (order := await self._outbox.take()) is not None:
            await self._carry_out(order)
            count += 1
        return count

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self.deliver_due()
            except PyMongoError as error:
                logger.warning("the mail queue cannot be read: {}", type(error).__name__)
            except Exception:  # noqa: BLE001 - one order must not end the sending of all others
                logger.exception("mail could not be sent")
            # Not `wait_for`, which in Python 3.11 can lose a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._woken.wait()

    async def _carry_out(self, order: Order) -> None:
        try:
            for letter in await self._write(order):
                await self._server.send(self._press.print(letter))
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._failed(order, error)
        except PyMongoError:
            await self._outbox.postpone(order)
            raise
        except Exception:  # noqa: BLE001 - what cannot be written today cannot be written tomorrow
            logger.exception("mail {} of kind {} cannot be written and is dropped", order.id, order.kind)
            await self._outbox.done(order)
        else:
            await self._outbox.done(order)

    async def _failed(self, order: Order, error: Exception) -> None:
        # The text of the error may quote addresses, and with some servers what was sent.
        reason = f"{type(error).__name__} {getattr(error, 'code', '')}".strip()
        if _is_refused(error):
            await self._outbox.done(order)
            logger.warning("mail {} of kind {} was refused and is dropped: {}", order.id, order.kind, reason)
        elif await self._outbox.postpone(order):
            logger.warning("mail {} of kind {} could not be sent and is tried again: {}", order.id, order.kind, reason)
        else:
            logger.error("mail {} of kind {} could not be sent for two days and is dropped", order.id, order.kind)


def _is_refused(error: Exception) -> bool:
    """Return whether no later attempt can help: the recipient or the message was refused for good."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(recipient.code in _PERMANENT for recipient in error.recipients)
    return isinstance(error, aiosmtplib.SMTPDataError) and error.code in _PERMANENT
