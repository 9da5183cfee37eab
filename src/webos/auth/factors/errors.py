"""Errors of second factors."""

from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError, PermissionDeniedError

__all__ = [
    "EnrolmentNeededError",
    "FactorNotFoundError",
    "LastFactorError",
    "PasskeyRefusedError",
    "PasskeysUnavailableError",
    "SecondFactorNeededError",
    "SecondFactorWrongError",
]


class SecondFactorNeededError(NotSignedInError):
    """The first factor was right, and the account has a second one: no session has begun yet.

    Args:
        code: Names the pending sign-in; whoever has it has proved the first factor. Keep it in a cookie, never in an address.
        factors: The second factors the account has.
    """

    code = "webos.auth.second_factor_needed"
    title = "Please enter the code of your authenticator app as well"

    def __init__(self, code: str = "", factors: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.pending = code
        self.factors = factors


class SecondFactorWrongError(NotSignedInError):
    """The code is wrong, was used before, or belongs to another time."""

    code = "webos.auth.second_factor_wrong"
    title = "This code is not right. Each code can be used once; please try the next one"


class PasskeyRefusedError(NotSignedInError):
    """A passkey's answer does not fit: it is for another site, another question, another user, or not known."""

    code = "webos.auth.passkey_refused"
    title = "This passkey does not work here. Please try again"


class PasskeysUnavailableError(ConflictError):
    """Passkeys need a host name, and https unless that is localhost."""

    code = "webos.auth.passkeys_unavailable"
    title = "Passkeys need an address with a name and https"


class EnrolmentNeededError(PermissionDeniedError):
    """A role of the user asks for a second factor, and he has none yet: until then he can do nothing else."""

    code = "webos.auth.enrolment_needed"
    title = "Your role needs a second factor. Please set one up first"


class FactorNotFoundError(NotFoundError):
    """The user has no such factor."""

    code = "webos.auth.factor_not_found"
    title = "There is no such second factor"


class LastFactorError(InvalidInputError):
    """A role of the user asks for a second factor: the last one can be replaced, not removed."""

    code = "webos.auth.last_factor"
    title = "Your role needs a second factor. Add another one before you remove this one"
