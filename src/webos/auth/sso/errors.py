"""Errors of signing in with the account of another system."""

from webos.kernel.errors import NotSignedInError, UnavailableError

__all__ = ["ProviderUnavailableError", "SsoRefusedError"]


class SsoRefusedError(NotSignedInError):
    """What came back from an identity provider does not prove who somebody is; the answer does not tell why.

    Args:
        why: What did not fit, for the log; it must hold no secret.
    """

    code = "webos.auth.sso_refused"
    title = "Signing in did not work. Please try again"

    def __init__(self, why: str = "") -> None:
        super().__init__(why, user_message=self.title)


class ProviderUnavailableError(UnavailableError):
    """An identity provider did not answer, or answered with something that is not OpenID Connect."""

    code = "webos.auth.provider_unavailable"
    title = "The sign-in service does not answer. Please try again later"
