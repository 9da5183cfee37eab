"""The routes between the first and the second factor, and those of passkeys instead of passwords."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from webos.auth.cookie import SessionCookie
from webos.auth.errors import SignInFailedError, SignInThrottledError
from webos.auth.factors.answers import read_answer
from webos.auth.factors.errors import SecondFactorNeededError
from webos.auth.factors.pages import FactorPages, StepPage
from webos.auth.factors.pending import PENDING_LASTS
from webos.auth.safe_next import safe_next
from webos.auth.sent_fields import read_fields, sent_json
from webos.auth.service import AuthService
from webos.auth.sessions import SessionRecord
from webos.kernel.context import current_trace_id
from webos.kernel.errors import InvalidInputError, WebOSError
from webos.kernel.settings import Settings

__all__ = ["SecondStep", "second_step_router"]

_SEE_OTHER = 303
_PAGE = "/auth/second-factor"


class SecondStep:
    """Answers those whose first factor was right, and who have a second one.

    Args:
        settings: The settings of the process.

    Attributes:
        cookie: Names the pending sign-in.
    """

    def __init__(self, settings: Settings) -> None:
        secure = settings.origin.startswith("https://")
        self.cookie = SessionCookie(PENDING_LASTS, secure=secure, name="webos_pending")

    def answer(self, request: Request, needed: SecondFactorNeededError, target: str = "/") -> Response:
        """Return the answer: people go on to a page for the code, programs are told by a problem document.

        Args:
            request: The request with the first factor.
            needed: What was raised instead of beginning a session.
            target: Where to go after signing in; a safe path.
        """
        if sent_json(request):
            document = needed.problem(current_trace_id()) | {"factors": list(needed.factors)}
            response: Response = JSONResponse(document, needed.status, media_type="application/problem+json")
        else:
            suffix = f"?next={quote(target, safe='/')}" if target != "/" else ""
            response = RedirectResponse(f"{_root(request)}{_PAGE}{suffix}", _SEE_OTHER)
        self.cookie.write(response, needed.pending)
        return response

    def read(self, request: Request) -> str:
        """Return the code of the pending sign-in of a browser; empty without one."""
        return self.cookie.read(request.headers.get("cookie", "").encode("latin-1")) or ""


def second_step_router(auth: AuthService, cookie: SessionCookie, step: SecondStep, pages: FactorPages) -> APIRouter:
    """Return the router with `/auth/second-factor` and `/auth/passkey`.

    Args:
        auth: Accounts and sessions.
        cookie: The session cookie.
        step: Knows the pending sign-in.
        pages: Renders pages.
    """
    router = APIRouter(tags=["Sign-in"])
    routes = _Routes(auth, cookie, step, pages)
    router.add_api_route(_PAGE, routes.show, methods=["GET"], include_in_schema=False)
    router.add_api_route(_PAGE, routes.take_code, methods=["POST"])
    router.add_api_route(f"{_PAGE}/passkey", routes.second_passkey, methods=["POST"])
    router.add_api_route("/auth/passkey/ask", routes.ask, methods=["POST"])
    router.add_api_route("/auth/passkey", routes.sign_in, methods=["POST"])
    return router


class _Routes:
    def __init__(self, auth: AuthService, cookie: SessionCookie, step: SecondStep, pages: FactorPages) -> None:
        self._auth = auth
        self._cookie = cookie
        self._step = step
        self._pages = pages

    async def show(self, request: Request) -> Response:
        return await self._page(request, safe_next(request.query_params.get("next", "/")))

    async def take_code(self, request: Request) -> Response:
        """Finish a sign-in with a code of the app or a recovery code; JSON is answered with nothing."""
        fields = await read_fields(request, ("otp", "next"))
        target = safe_next(fields["next"])
        try:
            if not fields["otp"].strip():
                raise InvalidInputError(fields={"otp": "Enter a code"})
            token, record = await self._auth.entrance.finish_with_code(self._step.read(request), fields["otp"])
            return await self._signed_in(request, token, record, target)
        except WebOSError as error:
            return await self._failed(request, error, target)

    async def second_passkey(self, request: Request) -> Response:
        """Finish a sign-in with a passkey as the second factor."""
        answer, fields = await read_answer(request, ("next",))
        target = safe_next(fields["next"])
        try:
            token, record = await self._auth.entrance.finish_with_passkey(self._step.read(request), answer)
            return await self._signed_in(request, token, record, target)
        except WebOSError as error:
            return await self._failed(request, error, target)

    async def ask(self, request: Request) -> Response:
        """Return what a browser needs to sign in with a passkey, or to use one as the second factor."""
        fields = await read_fields(request, ("step",))
        try:
            if fields["step"] == "second":
                return JSONResponse(await self._auth.entrance.ask_second(self._step.read(request)))
            return JSONResponse(await self._auth.entrance.ask_sign_in())
        except SignInThrottledError as error:
            return _throttled(error)

    async def sign_in(self, request: Request) -> Response:
        """Sign in with a passkey alone."""
        answer, fields = await read_answer(request, ("next",))
        target = safe_next(fields["next"])
        try:
            token, record = await self._auth.entrance.sign_in(answer)
            return await self._signed_in(request, token, record, target)
        except WebOSError as error:
            if sent_json(request):
                raise
            return self._pages.login(request, target, error)

    async def _signed_in(self, request: Request, token: str, record: SessionRecord, target: str) -> Response:
        former = self._cookie.read(request.headers.get("cookie", "").encode("latin-1"))
        await self._auth.settle(token, record, former)
        response: Response = (
            Response(status_code=204)
            if sent_json(request)
            else RedirectResponse(f"{_root(request)}{target}", _SEE_OTHER)
        )
        self._cookie.write(response, token)
        self._step.cookie.clear(response)
        return response

    async def _failed(self, request: Request, error: WebOSError, target: str) -> Response:
        if sent_json(request):
            if isinstance(error, SignInThrottledError):
                return _throttled(error)
            raise error
        return await self._page(request, target, error)

    async def _page(self, request: Request, target: str, error: WebOSError | None = None) -> Response:
        found = await self._auth.entrance.waiting(self._step.read(request))
        if found is None:
            if error is not None:
                return self._pages.login(request, target, SignInFailedError("This took too long. Please sign in again"))
            suffix = f"?next={quote(target, safe='/')}" if target != "/" else ""
            return RedirectResponse(f"{_root(request)}/login{suffix}", _SEE_OTHER)
        _, account = found
        page = StepPage(
            title="One more step",
            action=_PAGE,
            ask="/auth/passkey/ask",
            step="second",
            passkey_action=f"{_PAGE}/passkey",
            app="app" in account.second_factors,
            passkey="passkey" in account.second_factors and self._auth.entrance.takes_passkeys,
            recovery=request.query_params.get("with") == "recovery",
            here=_PAGE,
            target=target,
        )
        return self._pages.step(request, page, error)


def _throttled(error: SignInThrottledError) -> Response:
    headers = {"retry-after": str(error.retry_after)}
    return JSONResponse(
        error.problem(current_trace_id()), error.status, headers=headers, media_type="application/problem+json"
    )


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
