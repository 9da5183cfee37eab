"""Logging through Loguru, with the trace id and the user on every line."""

import logging
import sys
from typing import TYPE_CHECKING

from loguru import logger

from webos.kernel.context import ctx_trace_id, ctx_user

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["configure_logging"]

_FORMAT = (
    "<green>{time:YYYY-MM-DD HH:mm:ss.SSS}</green> <level>{level: <8}</level> "
    "<dim>{extra[trace_id]:.8} {extra[user]}</dim> <cyan>{extra[module]}</cyan> {message}"
)
# A line break in what somebody typed must not begin a line of the log, nor an escape sequence steer a terminal.
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_CONTROL |= {0x09: "\t", 0x0A: r"\n", 0x0D: r"\r", 0x2028: r"\u2028", 0x2029: r"\u2029"}
# Socket.IO, engine.io and uvicorn log the client id, which opens a page, at INFO.
_QUIET = (
    "socketio",
    "engineio",
    "socketio.server",
    "engineio.server",
    "uvicorn.error",
    "pymongo",
    "asyncio",
    "httpx",
    "httpcore",
    # A line or two for every task; what matters of it is in the task documents.
    "taskiq",
)


def _stamp(record: "Record") -> None:
    extra = record["extra"]
    extra.setdefault("trace_id", ctx_trace_id.get("-"))
    user = ctx_user.get(None)
    extra.setdefault("user", user.username if user is not None else "-")
    extra.setdefault("module", record["name"] or "-")
    record["message"] = record["message"].translate(_CONTROL)


class _ToLoguru(logging.Handler):
    """Hands records of the standard library's logging on to Loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - the arguments do not fit; the code that logs must go on
            message = str(record.msg)
        logger.bind(module=record.name).opt(depth=6, exception=record.exc_info).log(level, "{}", message)


def configure_logging(level: str = "INFO") -> None:
    """Send all logging of the process to standard error in one format.

    Args:
        level: The lowest level that is shown.
    """
    logger.remove()
    logger.configure(patcher=_stamp)
    # diagnose=False: Loguru would print the values of variables, and with them secrets.
    logger.add(sys.stderr, level=level, format=_FORMAT, diagnose=False, backtrace=False)
    # Below INFO some libraries log whole requests, cookies and all.
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.INFO, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        uvicorn_logger = logging.getLogger(name)
        uvicorn_logger.handlers.clear()
        uvicorn_logger.propagate = True
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
