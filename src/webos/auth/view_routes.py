"""The routes with which a superuser looks at the system as another user, and ends that."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from webos.auth.errors import AccountNotFoundError, SessionNeededError
from webos.auth.resolver import SignIn, SignInKind
from webos.auth.sent_fields import read_fields, sent_form
from webos.auth.service import AuthService
from webos.auth.view_only import END_VIEW

__all__ = ["view_as_router"]

_SEE_OTHER = 303


def view_as_router(auth: AuthService) -> APIRouter:
    """Return the router with `/auth/view-as`.

    Args:
        auth: Accounts and sessions.
    """
    router = APIRouter(tags=["Sign-in"])

    @router.post("/auth/view-as", openapi_extra=_BODY, status_code=204)
    async def begin_view(request: Request) -> Response:
        """Look at the system as another user, for an hour at most, changing nothing; only superusers may."""
        sign_in = _own_session(request)
        fields = await read_fields(request, ("user",))
        await auth.views.begin(sign_in.session_id, sign_in.principal.id, await _named(auth, fields["user"]))
        return _answer(request)

    @router.post(END_VIEW, status_code=204)
    async def end_view(request: Request) -> Response:
        """End looking at the system as another user."""
        await auth.views.end(_own_session(request).session_id)
        return _answer(request)

    return router


async def _named(auth: AuthService, user: str) -> UUID:
    """Return the id of a user who is named by it, or by his user name."""
    try:
        return UUID(user)
    except ValueError:
        account = await auth.find_user(user)
        if account is None:
            raise AccountNotFoundError from None
        return account.id


def _own_session(request: Request) -> SignIn:
    """Return the session of a browser: a program has nothing to look at.

    Raises:
        SessionNeededError: The request came with a key or a token.
    """
    sign_in: SignIn | None = getattr(request.state, "sign_in", None)
    if sign_in is None or sign_in.kind is not SignInKind.SESSION:
        raise SessionNeededError
    return sign_in


def _answer(request: Request) -> Response:
    if sent_form(request) or "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(f"{request.scope.get('root_path', '')}/", _SEE_OTHER)
    return Response(status_code=204)


_FIELDS: dict[str, Any] = {
    "schema": {"type": "object", "required": ["user"], "properties": {"user": {"type": "string"}}}
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": _FIELDS, "application/x-www-form-urlencoded": _FIELDS},
    }
}
