"""The routes to sign in and out, and to ask who one is."""

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from webos.auth.account_routes import account_router
from webos.auth.cookie import SessionCookie
from webos.auth.errors import SignInFailedError, SignInThrottledError
from webos.auth.factors.confirm_routes import confirm_router
from webos.auth.factors.errors import SecondFactorNeededError
from webos.auth.factors.own_routes import own_factors_router
from webos.auth.factors.pages import FactorPages
from webos.auth.factors.second_step import SecondStep, second_step_router
from webos.auth.form_page import FormPages, PageLink
from webos.auth.login_page import LoginPage
from webos.auth.resolver import SignIn, SignInKind
from webos.auth.safe_next import safe_next
from webos.auth.sent_fields import sent_form, sent_json
from webos.auth.service import AuthService
from webos.auth.sign_in_request import SignInRequest
from webos.auth.token_routes import token_router
from webos.auth.view_routes import view_as_router
from webos.kernel.context import User, current_trace_id, signed_in_user
from webos.kernel.errors import WebOSError
from webos.kernel.settings import Settings

__all__ = ["auth_router"]

_SEE_OTHER = 303
_NOTICES = {"password": "Your password was changed. Please sign in with it."}


def auth_router(auth: AuthService, settings: Settings, *, brand: str = "WebOS") -> APIRouter:
    """Return the router with `/login` and all that is below `/auth`.

    Args:
        auth: Accounts and sessions.
        settings: The settings of the process.
        brand: Name of the product on the sign-in page.
    """
    router = APIRouter(tags=["Sign-in"])
    cookie = SessionCookie.of(settings)
    links = [PageLink("/auth/forgot", "Forgot your password?")]
    if auth.life.registration_open:
        links.append(PageLink("/auth/register", "Make an account"))
    step = SecondStep(settings)
    login = LoginPage(brand, links, passkeys=auth.entrance.takes_passkeys)
    routes = _Routes(auth, cookie, login, step)
    router.add_api_route("/login", routes.page, methods=["GET"], include_in_schema=False)
    router.add_api_route("/auth/login", routes.sign_in, methods=["POST"], openapi_extra=_SIGN_IN_BODY)
    router.add_api_route("/auth/logout", routes.sign_out, methods=["POST"])
    router.add_api_route("/auth/me", routes.me, methods=["GET"])
    forms, factors = FormPages(brand), FactorPages(brand, login.show_error)
    router.include_router(account_router(auth, cookie, forms))
    router.include_router(second_step_router(auth, cookie, step, factors))
    router.include_router(confirm_router(auth, factors))
    router.include_router(own_factors_router(auth, cookie, factors, forms, brand))
    router.include_router(token_router(auth))
    router.include_router(view_as_router(auth))
    return router


class _Routes:
    def __init__(self, auth: AuthService, cookie: SessionCookie, page: LoginPage, step: SecondStep) -> None:
        self._auth = auth
        self._cookie = cookie
        self._page = page
        self._step = step

    async def page(self, request: Request, next: str = "/", done: str = "") -> Response:  # noqa: A002 - the name in the address
        """Show the sign-in page, or go on for those who are signed in."""
        target = safe_next(next)
        sign_in: SignIn | None = getattr(request.state, "sign_in", None)
        if sign_in is not None:
            return RedirectResponse(_below_root(request, target), _SEE_OTHER)
        return self._page.render(request, target, notice=_NOTICES.get(done, ""))

    async def sign_in(self, request: Request) -> Response:
        """Sign in with a form, which goes on to `next`, or with JSON, which answers with the user."""
        return await (self._sign_in_program(request) if sent_json(request) else self._sign_in_person(request))

    async def _sign_in_program(self, request: Request) -> Response:
        entered = await SignInRequest.from_json(request)
        try:
            token, sign_in = await self._begin(request, entered)
        except SecondFactorNeededError as needed:
            return self._step.answer(request, needed)
        except SignInThrottledError as error:
            return _problem(error, {"retry-after": str(error.retry_after)})
        response = JSONResponse({"user": _public(sign_in.principal)})
        self._cookie.write(response, token)
        return response

    async def _sign_in_person(self, request: Request) -> Response:
        entered = await SignInRequest.from_form(request)
        target = safe_next(entered.target)
        try:
            token, _ = await self._begin(request, entered)
        except SecondFactorNeededError as needed:
            return self._step.answer(request, needed, target)
        except (SignInFailedError, SignInThrottledError) as error:
            page = self._page.render(
                request, target, username=entered.username, error=error.user_message, status=error.status
            )
            if isinstance(error, SignInThrottledError):
                page.headers["retry-after"] = str(error.retry_after)
            return page
        response = RedirectResponse(_below_root(request, target), _SEE_OTHER)
        self._cookie.write(response, token)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session; pages go to the sign-in page, programs get an empty answer."""
        token = self._cookie.read(request.headers.get("cookie", "").encode("latin-1"))
        sign_in: SignIn | None = getattr(request.state, "sign_in", None)
        if sign_in is not None and sign_in.kind is SignInKind.TOKEN:
            await self._auth.end_session(sign_in.session_id)
        elif token:
            await self._auth.sign_out(token)
        person = sent_form(request) or (not sent_json(request) and "text/html" in request.headers.get("accept", ""))
        response = RedirectResponse(_below_root(request, "/login"), _SEE_OTHER) if person else Response(status_code=204)
        self._cookie.clear(response)
        return response

    async def me(self) -> dict[str, Any]:
        """Return the signed-in user."""
        return _public(signed_in_user())

    async def _begin(self, request: Request, entered: SignInRequest) -> tuple[str, SignIn]:
        former = self._cookie.read(request.headers.get("cookie", "").encode("latin-1"))
        address = request.client.host if request.client is not None else "local"
        return await self._auth.sign_in(
            entered.username, entered.password, address=address, former_token=former, otp=entered.otp
        )


def _public(user: User) -> dict[str, Any]:
    return {
        "id": str(user.id),
        "username": user.username,
        "display_name": getattr(user, "display_name", "") or user.username,
        "roles": sorted(user.roles),
        "permissions": sorted(user.permissions),
        "is_superuser": user.is_superuser,
    }


def _below_root(request: Request, path: str) -> str:
    return f"{request.scope.get('root_path', '')}{path}"


def _problem(error: WebOSError, headers: dict[str, str]) -> Response:
    return JSONResponse(
        error.problem(current_trace_id()), error.status, headers=headers, media_type="application/problem+json"
    )


def _body(content_type: str, *optional: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "username": {"type": "string"},
        "password": {"type": "string", "format": "password"},
    }
    properties.update({name: {"type": "string"} for name in optional})
    return {
        content_type: {"schema": {"type": "object", "required": ["username", "password"], "properties": properties}}
    }


_SIGN_IN_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": _body("application/json", "otp") | _body("application/x-www-form-urlencoded", "next"),
    }
}
