"""The routes on which people set up, replace and remove their second factors."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from webos.auth.accounts import Account
from webos.auth.cookie import SessionCookie
from webos.auth.device import device_name
from webos.auth.errors import AccountNotFoundError, SessionNeededError
from webos.auth.factors.answers import read_answer
from webos.auth.factors.confirm_routes import CONFIRM
from webos.auth.factors.enrolling import ENROLMENT
from webos.auth.factors.errors import FactorNotFoundError
from webos.auth.factors.forms import FactorForms
from webos.auth.factors.pages import FactorPages
from webos.auth.factors.person import person_of
from webos.auth.factors.totp import app_address, qr_code
from webos.auth.form_page import FormPage, FormPages
from webos.auth.resolver import SignIn, SignInKind
from webos.auth.sent_fields import read_fields, sent_json
from webos.auth.service import AuthService
from webos.kernel.errors import RecentProofNeededError, WebOSError
from webos.kernel.recent import demand_recent

__all__ = ["own_factors_router"]

_SEE_OTHER = 303
Work = Callable[[Account, SignIn], Awaitable[Response]]


def own_factors_router(
    auth: AuthService, cookie: SessionCookie, pages: FactorPages, forms: FormPages, brand: str
) -> APIRouter:
    """Return the router with `/auth/factors`.

    Args:
        auth: Accounts and sessions.
        cookie: The session cookie.
        pages: Renders the pages of second factors.
        forms: Renders pages with one form.
        brand: Name of the product, which apps show.
    """
    router = APIRouter(tags=["Accounts"])
    routes = _Routes(auth, cookie, pages, forms, brand)
    one = f"{ENROLMENT}/passkeys/{{passkey_id}}"
    router.add_api_route(ENROLMENT, routes.choose, methods=["GET"], include_in_schema=False)
    for path, show, do in (
        (f"{ENROLMENT}/app", routes.show_app, routes.confirm_app),
        (f"{ENROLMENT}/app/remove", routes.show_remove_app, routes.remove_app),
        (f"{ENROLMENT}/codes", routes.show_codes, routes.renew_codes),
        (f"{ENROLMENT}/passkey", routes.show_passkey, routes.add_passkey),
        (f"{one}/rename", routes.show_rename, routes.rename),
        (f"{one}/remove", routes.show_remove_passkey, routes.remove_passkey),
    ):
        router.add_api_route(path, show, methods=["GET"], include_in_schema=False)
        router.add_api_route(path, do, methods=["POST"])
    router.add_api_route(f"{ENROLMENT}/passkey/ask", routes.ask_passkey, methods=["POST"])
    return router


class _Routes:
    def __init__(
        self, auth: AuthService, cookie: SessionCookie, pages: FactorPages, forms: FormPages, brand: str
    ) -> None:
        self._auth = auth
        self._factors = auth.factors
        self._cookie = cookie
        self._pages = pages
        self._forms = forms
        self._texts = FactorForms()
        self._brand = brand

    async def choose(self, request: Request) -> Response:
        account, _ = await self._person(request)
        demanded = await self._factors.demanded(account)
        return self._pages.choose(request, passkeys=self._auth.entrance.takes_passkeys, demanded=demanded)

    async def show_app(self, request: Request) -> Response:
        return await self._do(request, lambda account, _: self._app_page(request, account))

    async def confirm_app(self, request: Request) -> Response:
        """Set up an authenticator app with one of its codes; a first factor is answered with recovery codes."""

        async def work(account: Account, sign_in: SignIn) -> Response:
            fields = await read_fields(request, ("otp",))
            try:
                token, codes = await self._factors.confirm_app(account, fields["otp"], sign_in.session_id)
            except FactorNotFoundError:
                return await self._app_page(request, account)
            except WebOSError as error:
                if sent_json(request):
                    raise
                return await self._app_page(request, account, error)
            return self._done(request, token, codes)

        return await self._do(request, work)

    async def show_remove_app(self, request: Request) -> Response:
        return await self._form(request, self._texts.remove_app())

    async def remove_app(self, request: Request) -> Response:
        """Remove one's authenticator app."""

        async def work(account: Account, sign_in: SignIn) -> Response:
            return self._done(request, await self._factors.remove_app(account, sign_in.session_id))

        return await self._do(request, work, self._texts.remove_app())

    async def show_codes(self, request: Request) -> Response:
        return await self._form(request, self._texts.codes())

    async def renew_codes(self, request: Request) -> Response:
        """Make new recovery codes and show them, this once."""

        async def work(account: Account, _: SignIn) -> Response:
            codes = await self._factors.renew_codes(account)
            return JSONResponse({"codes": codes}) if sent_json(request) else self._pages.codes(request, codes)

        return await self._do(request, work, self._texts.codes())

    async def show_passkey(self, request: Request) -> Response:
        return await self._do(request, lambda _account, _sign_in: self._passkey_page(request))

    async def ask_passkey(self, request: Request) -> Response:
        """Return what a browser needs to make a passkey."""

        async def work(account: Account, sign_in: SignIn) -> Response:
            return JSONResponse(await self._auth.entrance.ask_new(account, sign_in.session_id))

        return await self._do(request, work, program=True)

    async def add_passkey(self, request: Request) -> Response:
        """Add a passkey that a browser has made; a first factor is answered with recovery codes."""

        async def work(account: Account, sign_in: SignIn) -> Response:
            try:
                answer, fields = await read_answer(request, ("name",))
                token, codes = await self._factors.add_passkey(account, sign_in.session_id, fields["name"], answer)
            except WebOSError as error:
                if sent_json(request):
                    raise
                return await self._passkey_page(request, error)
            return self._done(request, token, codes)

        return await self._do(request, work)

    async def show_rename(self, request: Request, passkey_id: str) -> Response:
        return await self._form(request, self._texts.rename(passkey_id, await self._name(request, passkey_id)))

    async def rename(self, request: Request, passkey_id: str) -> Response:
        """Call a passkey of one's own something else."""

        async def work(account: Account, _: SignIn) -> Response:
            fields = await read_fields(request, ("name",))
            await self._factors.rename_passkey(account, passkey_id, fields["name"])
            return self._done(request)

        return await self._do(request, work, self._texts.rename(passkey_id, ""))

    async def show_remove_passkey(self, request: Request, passkey_id: str) -> Response:
        return await self._form(request, self._texts.remove_passkey(passkey_id, await self._name(request, passkey_id)))

    async def remove_passkey(self, request: Request, passkey_id: str) -> Response:
        """Remove a passkey of one's own."""

        async def work(account: Account, sign_in: SignIn) -> Response:
            return self._done(request, await self._factors.remove_passkey(account, passkey_id, sign_in.session_id))

        return await self._do(request, work, self._texts.remove_passkey(passkey_id, ""))

    async def _do(
        self, request: Request, work: Work, form: FormPage | None = None, *, program: bool = False
    ) -> Response:
        """Do what is asked for by somebody who has proved lately who he is, and lead him there otherwise."""
        account, sign_in = await self._person(request)
        try:
            demand_recent()
        except RecentProofNeededError:
            if program or sent_json(request) or sign_in.kind is not SignInKind.SESSION:
                raise
            here = quote(request.scope["path"].removeprefix(_root(request)), safe="/")
            return RedirectResponse(f"{_root(request)}{CONFIRM}?next={here}", _SEE_OTHER)
        if sign_in.kind is not SignInKind.SESSION:
            raise SessionNeededError
        try:
            return await work(account, sign_in)
        except WebOSError as error:
            if form is None or sent_json(request):
                raise
            return self._forms.render(request, form, error=error)

    async def _form(self, request: Request, form: FormPage) -> Response:
        async def work(_account: Account, _sign_in: SignIn) -> Response:
            return self._forms.render(request, form, values=form.values)

        return await self._do(request, work)

    async def _name(self, request: Request, passkey_id: str) -> str:
        account, _ = await self._person(request)
        for passkey in await self._factors.passkeys(account.id):
            if passkey.id == passkey_id:
                return passkey.name
        raise FactorNotFoundError

    async def _app_page(self, request: Request, account: Account, error: WebOSError | None = None) -> Response:
        secret = await self._factors.offer_app(account)
        picture = qr_code(app_address(secret, account.username, self._brand))
        return self._pages.app(request, picture, secret, error)

    async def _passkey_page(self, request: Request, error: WebOSError | None = None) -> Response:
        return self._pages.passkey(request, device_name(request.headers.get("user-agent", "")), error)

    async def _person(self, request: Request) -> tuple[Account, SignIn]:
        sign_in = person_of(request)
        account = await self._auth.accounts.get(sign_in.principal.id)
        if account is None:
            raise AccountNotFoundError
        return account, sign_in

    def _done(self, request: Request, token: str = "", codes: list[str] | None = None) -> Response:
        if sent_json(request):
            response: Response = JSONResponse({"codes": codes or []})
        elif codes:
            response = self._pages.codes(request, codes)
        else:
            response = RedirectResponse(f"{_root(request)}/account", _SEE_OTHER)
        if token:
            self._cookie.write(response, token)
        return response


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
