"""The routes of API clients: access tokens, and the record of sign-ins for those who may read it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from webos.auth.auth_log import AuthEventKind
from webos.auth.caller import current_caller
from webos.auth.dependencies import require
from webos.auth.errors import SessionNeededError, SignInFailedError, SignInThrottledError
from webos.auth.resolver import SignIn, SignInKind
from webos.auth.sent_fields import read_fields
from webos.auth.service import AuthService
from webos.kernel.context import User, current_trace_id

__all__ = ["token_router"]


def token_router(auth: AuthService) -> APIRouter:
    """Return the router with `/auth/token` and `/auth/events`.

    Args:
        auth: Accounts and sessions.
    """
    router = APIRouter(tags=["Sign-in"])

    @router.post("/auth/token", openapi_extra=_TOKEN_BODY)
    async def issue_token(request: Request) -> Response:
        """Return an access token for 15 minutes: for a user name and password, a refresh token, or the session in use."""
        fields = await read_fields(request, ("username", "password", "otp", "refresh_token"))
        refresh = ""
        try:
            if fields["refresh_token"]:
                sign_in = await auth.sessions.resolve(fields["refresh_token"])
            elif fields["username"] or fields["password"]:
                refresh, sign_in = await auth.sign_in(
                    fields["username"].strip(), fields["password"], address=current_caller().address, otp=fields["otp"]
                )
            else:
                sign_in = _own_session(request)
        except SignInThrottledError as error:
            return JSONResponse(
                error.problem(current_trace_id()),
                error.status,
                headers={"retry-after": str(error.retry_after)},
                media_type="application/problem+json",
            )
        if sign_in is None:
            raise SignInFailedError
        token, seconds = await auth.access_token(sign_in.session_id)
        answer: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return JSONResponse(answer | ({"refresh_token": refresh} if refresh else {}))

    @router.get("/auth/events")
    async def list_events(
        _: Annotated[User, Depends(require("admin.audit"))],
        user: str = "",
        kind: AuthEventKind | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> list[dict[str, Any]]:
        """Return sign-ins and changes of accounts, the newest first; it needs the permission `admin.audit`."""
        found = await auth.log.find(username=user, kind=kind, since=since, before=before, limit=limit)
        names = ("id", "at", "user_id", "username", "actor", "address", "device", "trace_id", "detail")
        return [{"kind": event.kind.value} | {name: getattr(event, name) for name in names} for event in found]

    return router


def _own_session(request: Request) -> SignIn | None:
    """Return the browser's session; None where nobody is signed in.

    Raises:
        SessionNeededError: A key or an access token asks: neither may prolong itself.
    """
    sign_in: SignIn | None = getattr(request.state, "sign_in", None)
    if sign_in is not None and sign_in.kind is not SignInKind.SESSION:
        raise SessionNeededError
    return sign_in


_TOKEN_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "username": {"type": "string"},
                        "password": {"type": "string", "format": "password"},
                        "otp": {"type": "string", "description": "Code of the second factor"},
                        "refresh_token": {"type": "string", "format": "password"},
                    },
                }
            }
        }
    }
}
