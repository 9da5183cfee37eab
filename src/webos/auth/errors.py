"""Errors of accounts and of signing in."""

import math

from webos.kernel.errors import (
    ConflictError,
    NotFoundError,
    NotSignedInError,
    PermissionDeniedError,
    TooManyRequestsError,
)

__all__ = [
    "AccountDisabledError",
    "AccountNotFoundError",
    "LastAdministratorError",
    "SignInFailedError",
    "SignInThrottledError",
    "UsernameTakenError",
]


class AccountNotFoundError(NotFoundError):
    """There is no account with this id or user name."""

    code = "webos.auth.account_not_found"
    title = "There is no such user"


class AccountDisabledError(PermissionDeniedError):
    """The account may not act any more."""

    code = "webos.auth.account_disabled"
    title = "This user is disabled"


class UsernameTakenError(ConflictError):
    """Another account has this user name, perhaps in other capitals."""

    code = "webos.auth.username_taken"
    title = "This user name is taken"


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
