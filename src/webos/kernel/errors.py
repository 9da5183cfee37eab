"""The one error tree: every error has a stable code, an HTTP status and a message that is safe to show."""

from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = [
    "ConfigurationError",
    "ConflictError",
    "InvalidInputError",
    "ModuleNotRunningError",
    "NotFoundError",
    "NotSignedInError",
    "PermissionDeniedError",
    "RecentProofNeededError",
    "RequestRefusedError",
    "ServiceNotFoundError",
    "StartupError",
    "TooManyRequestsError",
    "UnavailableError",
    "UnreadableDocumentError",
    "ViewOnlyError",
    "WebOSError",
]


class WebOSError(Exception):
    """Base of all errors the framework and its modules raise on purpose.

    Args:
        message: What happened, for the log. It is shown to the user only where `user_message` is empty.
        user_message: What the user reads; it must hold no secret and no internals.
        fields: Messages for single input fields, by the field's name.

    Attributes:
        code: Stable, dotted identifier that programs may rely on.
        status: The HTTP status the error becomes.
        title: Short, constant summary of the kind of error.
    """

    code: ClassVar[str] = "webos.error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        message: str = "",
        *,
        user_message: str | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or self.title)
        self.user_message = user_message if user_message is not None else self._default_user_message(message)
        self.fields = dict(fields or {})

    def _default_user_message(self, message: str) -> str:
        """Show the message of a client error; hide that of a server error, which may hold internals."""
        return (message or self.title) if self.status < 500 else self.title  # noqa: PLR2004 - HTTP's own boundary

    def problem(self, trace_id: str = "") -> dict[str, Any]:
        """Return the error as an RFC 9457 problem document.

        Args:
            trace_id: Trace of the request, so that a user can name it to an operator.
        """
        document: dict[str, Any] = {
            "type": f"urn:webos:error:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.user_message,
            "code": self.code,
        }
        if self.fields:
            document["errors"] = self.fields
        if trace_id:
            document["trace_id"] = trace_id
        return document


class NotFoundError(WebOSError):
    """What was asked for does not exist, or the user may not know that it does."""

    code = "webos.not_found"
    status = 404
    title = "Not found"


class NotSignedInError(WebOSError):
    """The action needs a signed-in user."""

    code = "webos.not_signed_in"
    status = 401
    title = "Please sign in"


class PermissionDeniedError(WebOSError):
    """The user is known and lacks the permission."""

    code = "webos.permission_denied"
    status = 403
    title = "You do not have permission to do this"


class ViewOnlyError(PermissionDeniedError):
    """Somebody who looks at the system as another user wants to change something, or to see what is that user's alone."""

    code = "webos.view_only"
    title = "You only look at this as somebody else"


class RecentProofNeededError(PermissionDeniedError):
    """The action is dangerous: who asks must have proved lately who he is, by password, code or passkey."""

    code = "webos.recent_proof_needed"
    title = "Please confirm that it is you"


class RequestRefusedError(WebOSError):
    """The request came from another site or carries no proof that the user meant it."""

    code = "webos.request_refused"
    status = 403
    title = "The request was refused"


class ConflictError(WebOSError):
    """The document was changed by somebody else, or its state does not allow the action."""

    code = "webos.conflict"
    status = 409
    title = "This was changed in the meantime"


class InvalidInputError(WebOSError):
    """The input does not fit; `fields` says which part and why."""

    code = "webos.invalid_input"
    status = 422
    title = "Please check your input"


class TooManyRequestsError(WebOSError):
    """The caller has to wait before it tries again."""

    code = "webos.too_many_requests"
    status = 429
    title = "Too many attempts, please wait a moment"


class UnavailableError(WebOSError):
    """A part the request needs does not answer at the moment."""

    code = "webos.unavailable"
    status = 503
    title = "Temporarily unavailable, please try again"


class ModuleNotRunningError(UnavailableError):
    """The module that serves the request has failed or is switched off."""

    code = "webos.module_not_running"
    title = "This module is not running"


class ServiceNotFoundError(WebOSError):
    """No service is registered under the name or type that was asked for."""

    code = "webos.service_not_found"


class UnreadableDocumentError(WebOSError):
    """What is stored does not fit its model, mostly for want of a migration; the log says which document and why."""

    code = "webos.unreadable_document"
    title = "A stored record cannot be read"


class ConfigurationError(WebOSError):
    """A setting is wrong; the message names the variable and what is allowed."""

    code = "webos.configuration"
    title = "The configuration is not valid"


class StartupError(WebOSError):
    """The server cannot start; the message says why and what to do."""

    code = "webos.startup"
    title = "The server cannot start"
