"""Running tasks in this process."""

import asyncio
from collections.abc import Callable
from contextvars import Context

from loguru import logger
from taskiq.acks import AcknowledgeType

from webos.tasks.broker import MongoLeaseBroker
from webos.tasks.keeper import LeaseKeeper
from webos.tasks.receiver import LeaseReceiver

__all__ = ["Worker"]

_PAUSE_AFTER_AN_ERROR = 1.0
# How long tasks that were told to end may take for it.
_LAST_SECONDS = 5.0


class Worker:
    """Takes messages from the broker and runs their tasks, through TaskIQ's receiver.

    Args:
        broker: Where the messages come from.
        keeper: Keeps the leases of what is taken.
        slots: How many tasks run at the same time.
    """

    def __init__(self, broker: MongoLeaseBroker, keeper: LeaseKeeper, *, slots: int) -> None:
        self._broker = broker
        self._keeper = keeper
        self._slots = slots
        self._finish = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether tasks are run."""
        return self._listening is not None

    def start(self) -> None:
        """Begin to run tasks, in a context in which nobody is signed in."""
        if self._listening is None:
            self._broker.is_worker_process = True
            self._broker.open()
            self._finish.clear()
            self._listening = asyncio.get_running_loop().create_task(
                self._listen(), name="task worker", context=Context()
            )
            self._keeper.start()

    async def stop(self, interrupt: Callable[[], None], grace: float) -> None:
        """Take no more messages, and let the running tasks end.

        Args:
            interrupt: Called when they had their time.
            grace: Seconds the tasks have to end by themselves.
        """
        if self._listening is None:
            return
        listening, self._listening = self._listening, None
        self._broker.close()
        self._finish.set()
        _, running = await asyncio.wait({listening}, timeout=grace)
        if running:
            interrupt()
            _, running = await asyncio.wait({listening}, timeout=_LAST_SECONDS)
        if running:
            logger.error("tasks that do not end when they are cancelled were left alone; their leases will end")
            listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await self._broker.give_back_unstarted()
        await self._keeper.stop()

    async def _listen(self) -> None:
        while not self._finish.is_set():
            receiver = LeaseReceiver(
                self._broker,
                max_async_tasks=self._slots,
                run_startup=False,
                validate_params=False,
                ack_type=AcknowledgeType.MANUAL,
            )
            try:
                await receiver.listen(self._finish)
            except Exception:  # noqa: BLE001 - the worker must outlive it
                logger.exception("the task worker failed and starts again")
                await self._broker.give_back_unstarted()
                await asyncio.sleep(_PAUSE_AFTER_AN_ERROR)
