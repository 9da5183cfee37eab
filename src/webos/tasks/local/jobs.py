"""All background jobs of this process."""

import asyncio
import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from loguru import logger

from webos.events.callables import is_async
from webos.kernel.context import ctx_trace_id, ctx_user, current_user, new_trace_id
from webos.kernel.errors import NotFoundError, UnavailableError, WebOSError
from webos.kernel.messenger import Messenger
from webos.tasks.base import BaseTask
from webos.tasks.local.job import JobState, LocalJob
from webos.tasks.progress import one_line
from webos.tasks.submission import Submission

__all__ = ["LocalJobs"]

_MOST_REMEMBERED = 200


class LocalJobs:
    """Runs functions beside what else this process does, in a copy of the context in which they were started.

    Args:
        messenger: Tells the user that a job of his has failed, if nobody waits for it.
        slots: How many run at the same time.
        waiting: How many may wait for that.
        manage: Permission to see and end the jobs of others.
    """

    def __init__(self, messenger: Messenger, *, slots: int = 16, waiting: int = 1000, manage: str) -> None:
        self._messenger = messenger
        self._slots = asyncio.Semaphore(slots)
        # Threads of its own: long jobs must not take those in which the framework hashes a password or reads a file.
        self._new_threads = functools.partial(ThreadPoolExecutor, slots, thread_name_prefix="run_bg")
        self._threads = self._new_threads()
        self._most = slots + waiting
        self._manage = manage
        self._running: dict[str, asyncio.Task[None]] = {}
        self._jobs: OrderedDict[str, LocalJob[Any]] = OrderedDict()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def open(self) -> None:
        """Accept jobs, also from threads."""
        self._loop = asyncio.get_running_loop()
        if self._is_closed:
            self._threads = self._new_threads()
            self._is_closed = False

    def run(
        self,
        func: Callable[..., Any] | type[BaseTask] | Submission,
        *args: Any,  # noqa: ANN401 - those of the function
        owner: str = "",
        **kwargs: Any,  # noqa: ANN401 - those of the function
    ) -> LocalJob[Any]:
        """Start a function in the background, and return at once.

        Args:
            func: An async function; a plain one, which runs in a thread; or a background task, which is submitted.
            args: Its positional arguments.
            owner: Module that starts it.
            kwargs: Its named arguments.

        Raises:
            UnavailableError: The process stops, or too many jobs wait.
        """
        if self._is_closed or len(self._running) >= self._most:
            msg = "the process stops" if self._is_closed else f"{len(self._running)} background jobs are waiting"
            raise UnavailableError(msg)
        user = ctx_user.get(None)
        job: LocalJob[Any] = LocalJob(
            name=_name_of(func),
            module=owner,
            user_id=None if user is None else user.id,
            username="" if user is None else user.username,
            trace_id=ctx_trace_id.get("") or new_trace_id(),
        )
        self._remember(job)
        context = copy_context()
        context.run(ctx_trace_id.set, job.trace_id)
        start = functools.partial(self._start, job, _callable(func, args, kwargs), context)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            if self._loop is None:
                raise
            self._loop.call_soon_threadsafe(start)
        else:
            start()
        return job

    def list(self) -> "list[LocalJob[Any]]":
        """Return the jobs of the acting user, or all for who may manage tasks: the newest first, the last 200 that ended."""
        user = current_user()
        everybody = user.has_permission(self._manage)
        return [job for job in reversed(self._jobs.values()) if everybody or job.user_id == user.id]

    def cancel(self, job_id: str) -> None:
        """End a job. A plain function cannot be interrupted: its thread runs on, and its result is dropped.

        Raises:
            NotFoundError: There is none, or it is somebody else's.
        """
        if job_id not in {job.id for job in self.list()}:
            msg = f"there is no background job {job_id}"
            raise NotFoundError(msg, user_message="There is no such job.")
        if job_id in self._running:
            self._running[job_id].cancel()

    async def stop(self, grace: float = 3.0) -> None:
        """Accept no more jobs, and let those that run come to their end.

        Args:
            grace: Seconds they have before they are cancelled.
        """
        self._is_closed = True
        running = set(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                names = ", ".join(sorted(task.get_name() for task in late))
                logger.warning("{} background jobs were cut short by the stop: {}", len(late), names)
                await asyncio.gather(*late, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self, job: LocalJob[Any], call: Callable[[], Any], context: Any) -> None:  # noqa: ANN401 - a Context
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._work(job, call), name=f"{job.module} {job.name}".strip(), context=context)
        self._running[job.id] = task
        task.add_done_callback(lambda _: self._forget(job))

    async def _work(self, job: LocalJob[Any], call: Callable[[], Any]) -> None:
        # The `try` is outside of the semaphore, so that the end of a job that only waits is noted too.
        try:
            async with self._slots:
                job.begin()
                result = await self._call(call)
        except asyncio.CancelledError as error:
            job.end(JobState.CANCELLED, failure=error)
            raise
        # Whatever a job raises ends that job and nothing else.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            self._failed(job, error)
        else:
            job.end(JobState.DONE, result=result)

    async def _call(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the function returns
        if is_async(call):
            return await call()
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(self._threads, copy_context().run, call)
        return await result if inspect.isawaitable(result) else result

    def _failed(self, job: LocalJob[Any], error: BaseException) -> None:
        text = error.user_message if isinstance(error, WebOSError) else f"Something went wrong ({type(error).__name__})"
        logger.bind(module=job.module or "webos.tasks").opt(exception=error).error("the job {} failed", job.name)
        awaited = job.waiters > 0
        job.end(JobState.FAILED, failure=error, error=one_line(text))
        if not awaited and job.user_id is not None:
            self._messenger.error(f"{job.name} failed: {job.error}")

    def _remember(self, job: LocalJob[Any]) -> None:
        self._jobs[job.id] = job
        ended = (
            [each.id for each in self._jobs.values() if each.state.is_final]
            if len(self._jobs) > 2 * _MOST_REMEMBERED
            else []
        )
        for job_id in ended[:-_MOST_REMEMBERED]:
            del self._jobs[job_id]

    def _forget(self, job: LocalJob[Any]) -> None:
        del self._running[job.id]
        # Cancelled before it had begun to work.
        job.end(JobState.CANCELLED, failure=asyncio.CancelledError())


def _callable(
    func: Callable[..., Any] | type[BaseTask] | Submission, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[], Any]:
    if isinstance(func, type) and issubclass(func, BaseTask):
        func = func.kiq(*args, **kwargs)
    if isinstance(func, Submission):
        return functools.partial(_submit, func)
    return functools.partial(func, *args, **kwargs)


async def _submit(submission: Submission) -> Any:  # noqa: ANN401 - the handle
    return await submission


def _name_of(func: Any) -> str:  # noqa: ANN401 - anything that can be called
    while isinstance(func, functools.partial):
        func = func.func
    name = getattr(func, "__name__", None) or type(func).__name__
    return "background job" if name == "<lambda>" else name.strip("_").replace("_", " ")
