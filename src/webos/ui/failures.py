"""What a user is told when something fails, and what the log keeps."""

from dataclasses import dataclass

from loguru import logger

from webos.kernel.context import current_trace_id
from webos.kernel.errors import WebOSError
from webos.kernel.messenger import Severity

__all__ = ["Explanation", "explain"]

_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Explanation:
    """An error in the user's words.

    Attributes:
        message: What happened.
        detail: What an operator needs to find it in the log; empty where there is nothing to find.
        fields: Messages for single input fields.
    """

    message: str
    detail: str
    fields: dict[str, str]

    @property
    def severity(self) -> Severity:
        """How a toast about it looks: an error that is part of the work only warns."""
        return Severity.ERROR if self.detail else Severity.WARNING


def explain(error: BaseException) -> Explanation:
    """Log an error and return what to tell the user.

    Errors that are part of the work, such as a refused input, are logged in one line; everything else with its
    traceback, and the user gets the trace id but no internals.

    Args:
        error: What was raised.
    """
    if isinstance(error, WebOSError) and error.status < _SERVER_ERROR:
        logger.info("{}: {}", error.code, error)
        return Explanation(error.user_message, "", error.fields)
    logger.opt(exception=error).error("{}: {}", type(error).__name__, error)
    message = error.user_message if isinstance(error, WebOSError) else "Something went wrong."
    trace = current_trace_id()
    return Explanation(message, f"Reference {trace[:8]}" if trace else "", {})
