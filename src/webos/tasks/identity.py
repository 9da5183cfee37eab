"""Who a task works for: his id, the trace and the change-set travel with the message."""

from contextvars import ContextVar
from uuid import UUID

from taskiq import TaskiqMessage, TaskiqMiddleware

from webos.data.audit.change_set import enter_change_set
from webos.events import UserLoader, user_by_id
from webos.kernel.actor import key_of
from webos.kernel.context import ctx_trace_id, ctx_user, current_trace_id, new_trace_id, signed_in_user

__all__ = [
    "LABEL_CHANGE_SET",
    "LABEL_CHANGE_SET_NAME",
    "LABEL_KEY",
    "LABEL_TRACE",
    "LABEL_USER",
    "IdentityMiddleware",
    "refusal",
]

LABEL_USER = "x_user_id"
LABEL_TRACE = "x_trace_id"
LABEL_KEY = "x_key_id"
LABEL_CHANGE_SET = "x_change_set"
LABEL_CHANGE_SET_NAME = "x_change_set_name"

_refusal: ContextVar[Exception | None] = ContextVar("task_refusal", default=None)


def refusal() -> Exception | None:
    """Return why the user of the running task may not act, or None if he may."""
    return _refusal.get()


class IdentityMiddleware(TaskiqMiddleware):
    """Sends the id of the user and the trace id as labels and sets both in the worker, the user loaded afresh.

    Nothing is reset after a task: TaskIQ runs each message in a context of its own, also what follows the task.

    Args:
        load_user: Returns the user with an id, with the permissions he has now.
    """

    def __init__(self, load_user: UserLoader) -> None:
        super().__init__()
        self._load_user = load_user

    def pre_send(self, message: TaskiqMessage) -> TaskiqMessage:
        """Add the labels; a message that is sent on keeps those it has."""
        if LABEL_USER not in message.labels:
            user = signed_in_user()
            message.labels[LABEL_USER] = str(user.id)
            message.labels[LABEL_KEY] = key_of(user)
        message.labels.setdefault(LABEL_TRACE, current_trace_id() or new_trace_id())
        return message

    async def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        """Set user, trace and change-set for what runs from now on; a user who may not act is told by `refusal`."""
        ctx_trace_id.set(message.labels.get(LABEL_TRACE) or new_trace_id())
        if identity := message.labels.get(LABEL_CHANGE_SET):
            enter_change_set(message.labels.get(LABEL_CHANGE_SET_NAME, ""), identity)
        try:
            user_id, key_id = UUID(message.labels[LABEL_USER]), message.labels.get(LABEL_KEY, "")
            ctx_user.set(await user_by_id(user_id, self._load_user, key_id))
        except Exception as error:  # noqa: BLE001 - the task is told, and decides what becomes of it
            _refusal.set(error)
        return message
