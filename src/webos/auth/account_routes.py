"""The routes on which people come, prove their address and change their password; each answers forms and JSON."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse, RedirectResponse

from webos.auth.account_forms import AccountForms
from webos.auth.caller import current_caller
from webos.auth.cookie import SessionCookie
from webos.auth.errors import (
    MailNotSetUpError,
    RegistrationClosedError,
    SessionNeededError,
    SignInFailedError,
    SignInThrottledError,
)
from webos.auth.form_page import FormPage, FormPages
from webos.auth.resolver import SignIn, SignInKind
from webos.auth.sent_fields import read_fields, sent_json
from webos.auth.service import AuthService
from webos.kernel.errors import InvalidInputError, NotSignedInError, RecentProofNeededError, WebOSError
from webos.kernel.recent import demand_recent

__all__ = ["account_router"]

_SEE_OTHER = 303

Fields = dict[str, str]
Work = Callable[[Fields], Awaitable[FormPage | Response]]


def account_router(auth: AuthService, cookie: SessionCookie, pages: FormPages) -> APIRouter:
    """Return the router with `/auth/register`, `/auth/join`, `/auth/forgot`, `/auth/reset` and the like.

    Args:
        auth: Accounts and sessions.
        cookie: The session cookie.
        pages: Renders pages.
    """
    router = APIRouter(tags=["Accounts"])
    routes = _Routes(auth, cookie, pages)
    for name in ("register", "join", "forgot", "reset", "verify", "password", "email"):
        router.add_api_route(f"/auth/{name}", getattr(routes, f"show_{name}"), methods=["GET"], include_in_schema=False)
        router.add_api_route(f"/auth/{name}", getattr(routes, name), methods=["POST"])
    return router


class _Routes:
    def __init__(self, auth: AuthService, cookie: SessionCookie, pages: FormPages) -> None:
        self._auth = auth
        self._life = auth.life
        self._cookie = cookie
        self._pages = pages
        self._forms = AccountForms()

    async def show_register(self, request: Request) -> Response:
        if not self._life.registration_open:
            page = self._forms.message("Accounts are made by invitation", "Please ask an administrator to invite you.")
            return self._pages.render(request, page, status=RegistrationClosedError.status)
        return self._show(request, self._forms.register(), needs_mail=True)

    async def register(self, request: Request) -> Response:
        """Send a link to make an account; the answer does not tell whether the address is known."""

        async def work(fields: Fields) -> FormPage:
            await self._life.ask_to_register(fields["email"])
            return self._forms.register_sent()

        return await self._handle(request, self._forms.register(), work)

    async def show_join(self, request: Request) -> Response:
        return self._show(request, self._forms.join())

    async def join(self, request: Request) -> Response:
        """Make the account an invitation promised, and sign in."""

        async def work(fields: Fields) -> Response:
            username, password = fields["username"].strip(), fields["password"]
            await self._life.join(fields["code"], username, password, display_name=fields["display_name"])
            token, _ = await self._auth.sign_in(username, password, address=current_caller().address)
            return self._signed_in(request, "/", token)

        return await self._handle(request, self._forms.join(), work)

    async def show_forgot(self, request: Request) -> Response:
        return self._show(request, self._forms.forgot(), needs_mail=True)

    async def forgot(self, request: Request) -> Response:
        """Send a link to choose a new password; the answer does not tell whether there is such a user."""

        async def work(fields: Fields) -> FormPage:
            await self._life.ask_reset(_filled(fields, "identifier"))
            return self._forms.forgot_sent()

        return await self._handle(request, self._forms.forgot(), work)

    async def show_reset(self, request: Request) -> Response:
        return self._show(request, self._forms.reset())

    async def reset(self, request: Request) -> Response:
        """Choose a new password with the code of a link."""

        async def work(fields: Fields) -> Response:
            await self._life.reset(fields["code"], fields["password"])
            if sent_json(request):
                return Response(status_code=204)
            return RedirectResponse(f"{_root(request)}/login?done=password", _SEE_OTHER)

        return await self._handle(request, self._forms.reset(), work)

    async def show_verify(self, request: Request) -> Response:
        return self._show(request, self._forms.verify())

    async def verify(self, request: Request) -> Response:
        """Confirm an e-mail address with the code of a link."""

        async def work(fields: Fields) -> FormPage:
            await self._life.confirm_email(fields["code"])
            return self._forms.message("Your address is confirmed", "Mail will go there from now on.", back=True)

        return await self._handle(request, self._forms.verify(), work)

    async def show_password(self, request: Request) -> Response:
        return await self._proved(request, "/auth/password") or self._show(request, self._forms.password())

    async def password(self, request: Request) -> Response:
        """Change one's own password; all other sessions end, and this one gets a new token."""
        sign_in = _person(request)

        async def work(fields: Fields) -> Response:
            await self._demand_proof(sign_in)
            token = await self._life.change_password(
                sign_in.principal.id, fields["current"], fields["password"], session_id=sign_in.session_id
            )
            return self._signed_in(request, "/account", token)

        return await self._handle(request, self._forms.password(), work)

    async def show_email(self, request: Request) -> Response:
        page = self._forms.email()
        return await self._proved(request, "/auth/email") or self._show(request, page, needs_mail=True, back=True)

    async def email(self, request: Request) -> Response:
        """Send a link to one's own new address; the answer does not tell whether somebody else has it."""
        sign_in = _person(request)

        async def work(fields: Fields) -> FormPage:
            await self._demand_proof(sign_in)
            await self._life.ask_email(sign_in.principal.id, fields["current"], fields["email"])
            return self._forms.email_sent()

        return await self._handle(request, self._forms.email(), work)

    async def _demand_proof(self, sign_in: SignIn) -> None:
        """Refuse those who have a second factor and have not used it lately: their password alone may be what was stolen."""
        account = await self._auth.accounts.get(sign_in.principal.id)
        if account is not None and account.second_factors:
            demand_recent()

    async def _proved(self, request: Request, path: str) -> Response | None:
        """Return the way to the page on which people prove again who they are, where they have to."""
        try:
            await self._demand_proof(_person(request))
        except RecentProofNeededError:
            return RedirectResponse(f"{_root(request)}/auth/confirm?next={path}", _SEE_OTHER)
        return None

    def _show(self, request: Request, page: FormPage, *, needs_mail: bool = False, back: bool = False) -> Response:
        if needs_mail and not self._life.mail_is_set_up:
            page = self._forms.message("This server sends no mail", f"{MailNotSetUpError.title}.", back=back)
        return self._pages.render(request, page)

    async def _handle(self, request: Request, page: FormPage, work: Work) -> Response:
        """Answer a form: the next page, or the same one with what was wrong; JSON gets no pages."""
        program = sent_json(request)
        fields: Fields = {}
        try:
            fields = await read_fields(request, [field.name for field in page.fields])
            done = await work(fields)
        except WebOSError as error:
            wrong = _at_field(error)
            if program:
                raise wrong from error
            answer: Response = self._pages.render(request, page, values=fields, error=wrong)
            if isinstance(error, SignInThrottledError):
                answer.headers["retry-after"] = str(error.retry_after)
            return answer
        if isinstance(done, Response):
            return done
        return JSONResponse({"detail": done.lead}) if program else self._pages.render(request, done)

    def _signed_in(self, request: Request, path: str, token: str) -> Response:
        response: Response = (
            Response(status_code=204) if sent_json(request) else RedirectResponse(f"{_root(request)}{path}", _SEE_OTHER)
        )
        self._cookie.write(response, token)
        return response


def _person(request: Request) -> SignIn:
    """Return the sign-in of the person who asks.

    Raises:
        NotSignedInError: Nobody is signed in.
        SessionNeededError: A program asks, with a key or an access token.
    """
    sign_in: SignIn | None = getattr(request.state, "sign_in", None)
    if sign_in is None:
        raise NotSignedInError
    if sign_in.kind is not SignInKind.SESSION:
        raise SessionNeededError
    return sign_in


def _filled(fields: Fields, name: str) -> str:
    value = fields[name].strip()
    if not value:
        raise InvalidInputError(fields={name: "Fill this in"})
    return value


def _at_field(error: WebOSError) -> WebOSError:
    """Return an error whose message stands at the field it is about: who is signed in has no wrong user name."""
    if isinstance(error, SignInFailedError):
        return InvalidInputError(fields={"current": "This is not your current password"})
    return error


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))
