"""Errors of accounts and of signing in."""

import math

from webos.kernel.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    PermissionDeniedError,
    TooManyRequestsError,
    UnavailableError,
)

__all__ = [
    "AccountDisabledError",
    "AccountNotFoundError",
    "EmailTakenError",
    "KeyNotValidError",
    "LastAdministratorError",
    "LinkNotValidError",
    "MailNotSetUpError",
    "RegistrationClosedError",
    "SessionNeededError",
    "SignInFailedError",
    "SignInThrottledError",
    "UsernameTakenError",
]


class AccountNotFoundError(NotFoundError):
    """There is no account with this id or user name."""

    code = "webos.auth.account_not_found"
    title = "There is no such user"


class KeyNotValidError(PermissionDeniedError):
    """The API key by which a task or an event was begun was revoked, or has expired."""

    code = "webos.auth.key_not_valid"
    title = "The API key does not count any more"


class AccountDisabledError(PermissionDeniedError):
    """The account may not act any more."""

    code = "webos.auth.account_disabled"
    title = "This user is disabled"


class UsernameTakenError(ConflictError):
    """Another account has this user name, perhaps in other capitals."""

    code = "webos.auth.username_taken"
    title = "This user name is taken"


class EmailTakenError(ConflictError):
    """Another account has this e-mail address, perhaps in other capitals."""

    code = "webos.auth.email_taken"
    title = "This e-mail address belongs to another user"


class LinkNotValidError(InvalidInputError):
    """A link from a mail was used before, has expired, was replaced by a later one, or is for something else."""

    code = "webos.auth.link_not_valid"
    title = "This link does not work any more. Links can be used once and for a limited time; please ask for a new one"


class MailNotSetUpError(UnavailableError):
    """The server has no mail server to send by; an administrator can make a link instead."""

    code = "webos.auth.mail_not_set_up"
    title = "This server sends no mail. Please ask an administrator for a link"


class RegistrationClosedError(NotFoundError):
    """Nobody can make an account for himself here; an administrator can invite."""

    code = "webos.auth.registration_closed"
    title = "Accounts are made by invitation. Please ask an administrator"


class SessionNeededError(PermissionDeniedError):
    """Accounts are changed by people who have signed in, not with an API key or an access token."""

    code = "webos.auth.session_needed"
    title = "Please sign in with user name and password to do this"


class LastAdministratorError(ConflictError):
    """The change would leave nobody who can administer the system."""

    code = "webos.auth.last_administrator"
    title = "This is the last administrator"


class SignInFailedError(NotSignedInError):
    """User name or password is wrong, or the account is disabled; the answer does not tell which."""

    code = "webos.auth.sign_in_failed"
    title = "The user name or the password is wrong"


class SignInThrottledError(TooManyRequestsError):
    """Too many attempts to sign in; nothing was checked.

    Args:
        seconds: Time until the next attempt is looked at.

    Attributes:
        retry_after: The same in whole seconds, for the `Retry-After` header.
    """

    code = "webos.auth.too_many_attempts"

    def __init__(self, seconds: float) -> None:
        self.retry_after = max(1, math.ceil(seconds))
        unit = "second" if self.retry_after == 1 else "seconds"
        super().__init__(f"Too many attempts. Please wait {self.retry_after} {unit} and try again.")
