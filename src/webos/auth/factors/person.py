"""The person who asks, with his session: programs have no second factors."""

from starlette.requests import Request

from webos.auth.errors import SessionNeededError
from webos.auth.resolver import SignIn, SignInKind
from webos.kernel.context import demand_own_hand
from webos.kernel.errors import NotSignedInError

__all__ = ["person_of"]


def person_of(request: Request) -> SignIn:
    """Return the sign-in of the person who asks.

    Raises:
        NotSignedInError: Nobody is signed in.
        SessionNeededError: A program asks, with a key.
        ViewOnlyError: Somebody else looks at the system as him.
    """
    sign_in: SignIn | None = getattr(request.state, "sign_in", None)
    if sign_in is None:
        raise NotSignedInError
    if sign_in.kind is SignInKind.KEY:
        raise SessionNeededError
    demand_own_hand()
    return sign_in
