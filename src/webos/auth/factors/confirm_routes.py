"""The routes on which somebody who is signed in proves again who he is."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from webos.auth.errors import SignInFailedError, SignInThrottledError
from webos.auth.factors.answers import read_answer
from webos.auth.factors.pages import FactorPages, StepPage
from webos.auth.factors.person import person_of
from webos.auth.resolver import SignIn
from webos.auth.safe_next import safe_next
from webos.auth.sent_fields import read_fields, sent_json
from webos.auth.service import AuthService
from webos.kernel.context import current_trace_id
from webos.kernel.errors import InvalidInputError, WebOSError

__all__ = ["CONFIRM", "confirm_router"]

CONFIRM = "/auth/confirm"
"""Where people prove again who they are."""

_SEE_OTHER = 303


def confirm_router(auth: AuthService, pages: FactorPages) -> APIRouter:
    """Return the router with `/auth/confirm`.

    Args:
        auth: Accounts and sessions.
        pages: Renders pages.
    """
    router = APIRouter(tags=["Sign-in"])
    routes = _Routes(auth, pages)
    router.add_api_route(CONFIRM, routes.show, methods=["GET"], include_in_schema=False)
    router.add_api_route(CONFIRM, routes.confirm, methods=["POST"])
    router.add_api_route(f"{CONFIRM}/ask", routes.ask, methods=["POST"])
    router.add_api_route(f"{CONFIRM}/passkey", routes.confirm_by_passkey, methods=["POST"])
    return router


class _Routes:
    def __init__(self, auth: AuthService, pages: FactorPages) -> None:
        self._auth = auth
        self._pages = pages

    async def show(self, request: Request) -> Response:
        sign_in, target = person_of(request), safe_next(request.query_params.get("next", "/"))
        page = await self._page(request, sign_in, target)
        if "text/html" in request.headers.get("accept", ""):
            return self._pages.step(request, page)
        return JSONResponse({"password": page.password, "app": page.app, "passkey": page.passkey})

    async def confirm(self, request: Request) -> Response:
        """Prove by password, or by a code where one has a second factor, that it is still oneself."""
        sign_in = person_of(request)
        fields = await read_fields(request, ("password", "otp", "next"))
        target = safe_next(fields["next"])
        try:
            await self._auth.entrance.prove(
                sign_in.principal.id, sign_in.session_id, password=fields["password"], code=fields["otp"].strip()
            )
        except WebOSError as error:
            return await self._failed(request, sign_in, target, error)
        return _done(request, target)

    async def ask(self, request: Request) -> Response:
        """Return what a browser needs to prove by passkey that it is still its user."""
        sign_in = person_of(request)
        return JSONResponse(await self._auth.entrance.ask_again(sign_in.principal.id, sign_in.session_id))

    async def confirm_by_passkey(self, request: Request) -> Response:
        """Prove by a passkey that it is still oneself."""
        sign_in = person_of(request)
        answer, fields = await read_answer(request, ("next",))
        target = safe_next(fields["next"])
        try:
            await self._auth.entrance.prove_by_passkey(sign_in.principal.id, sign_in.session_id, answer)
        except WebOSError as error:
            return await self._failed(request, sign_in, target, error)
        return _done(request, target)

    async def _failed(self, request: Request, sign_in: SignIn, target: str, error: WebOSError) -> Response:
        if isinstance(error, SignInFailedError):
            error = InvalidInputError(fields={"password": "This is not your password"})
        if not sent_json(request):
            return self._pages.step(request, await self._page(request, sign_in, target), error)
        if isinstance(error, SignInThrottledError):
            headers = {"retry-after": str(error.retry_after)}
            return JSONResponse(
                error.problem(current_trace_id()), error.status, headers=headers, media_type="application/problem+json"
            )
        raise error

    async def _page(self, request: Request, sign_in: SignIn, target: str) -> StepPage:
        account = await self._auth.accounts.get(sign_in.principal.id)
        factors = account.second_factors if account is not None else ()
        return StepPage(
            title="Please confirm that it is you",
            action=CONFIRM,
            ask=f"{CONFIRM}/ask",
            passkey_action=f"{CONFIRM}/passkey",
            password=not factors,
            app="app" in factors,
            passkey="passkey" in factors and self._auth.entrance.takes_passkeys,
            recovery=request.query_params.get("with") == "recovery",
            sign_out=not factors and await self._auth.accounts.get_hash(sign_in.principal.id) is None,
            here=CONFIRM,
            target=target,
            back="/account",
        )


def _done(request: Request, target: str) -> Response:
    if sent_json(request):
        return Response(status_code=204)
    return RedirectResponse(f"{request.scope.get('root_path', '')}{target}", _SEE_OTHER)
