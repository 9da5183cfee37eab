"""The pages of second factors: plain HTML that works without JavaScript, except for passkeys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from webos.auth.errors import SignInThrottledError
from webos.kernel.errors import WebOSError

__all__ = ["FactorPages", "StepPage"]

ShowLogin = Callable[[Request, str, WebOSError], Response]
"""Renders the sign-in page again: the request, where to go afterwards, and what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """A page that asks for a proof.

    Attributes:
        title: Its heading.
        action: Where a code or password is sent.
        passkey_action: Where a passkey's answer is sent.
        ask: Where the browser learns what to ask the passkey.
        step: What it says there that it wants.
        password: Whether it asks for the password, instead of a code.
        app: Whether a code of an app is taken.
        passkey: Whether a passkey is taken.
        recovery: Whether it asks for a recovery code.
        sign_out: Whether signing in again is offered.
        here: Its own path.
        target: Where to go afterwards; a safe path.
        back: Path of the link back; to the sign-in page where empty.
    """

    title: str
    action: str
    passkey_action: str
    ask: str
    step: str = ""
    password: bool = False
    app: bool = False
    passkey: bool = False
    recovery: bool = False
    sign_out: bool = False
    here: str
    target: str = "/"
    back: str = ""


class FactorPages:
    """Renders pages.

    Args:
        brand: Name of the product, as people know it.
        login: Renders the sign-in page again.
    """

    def __init__(self, brand: str, login: ShowLogin) -> None:
        self._brand = brand
        self.login = login
        self._environment = Environment(
            loader=PackageLoader("webos.auth"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )

    def step(self, request: Request, page: StepPage, error: WebOSError | None = None) -> Response:
        """Return a page that asks for a proof."""
        return self._render(request, "step.html", page.title, error, page=page, next=quote(page.target, safe="/"))

    def choose(self, request: Request, *, passkeys: bool, demanded: bool) -> Response:
        """Return the page on which people choose their first second factor.

        Args:
            request: The request it answers.
            passkeys: Whether browsers offer passkeys here.
            demanded: Whether a role asks for it.
        """
        title = "Protect your account"
        return self._render(request, "factors.html", title, None, passkeys=passkeys, demanded=demanded)

    def app(self, request: Request, picture: str, secret: str, error: WebOSError | None = None) -> Response:
        """Return the page on which an app learns its secret.

        Args:
            request: The request it answers.
            picture: The QR code, an SVG element of our own making.
            secret: The secret, for those who cannot scan it.
            error: What went wrong.
        """
        spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        drawn = Markup(picture)  # noqa: S704 - made by us from the secret, as an image
        return self._render(request, "app.html", "Set up an authenticator app", error, picture=drawn, secret=spaced)

    def passkey(self, request: Request, name: str, error: WebOSError | None = None) -> Response:
        """Return the page on which a passkey is made.

        Args:
            request: The request it answers.
            name: What it might be called.
            error: What went wrong.
        """
        return self._render(request, "passkey.html", "Add a passkey", error, name=name)

    def codes(self, request: Request, codes: Sequence[str]) -> Response:
        """Return the page that shows recovery codes, this once."""
        text = f"Recovery codes for {self._brand}. Each works once.\n\n" + "\n".join(codes) + "\n"
        address = f"data:text/plain;charset=utf-8,{quote(text)}"
        return self._render(request, "codes.html", "Keep your recovery codes", None, codes=codes, address=address)

    def _render(
        self, request: Request, template: str, title: str, error: WebOSError | None, **values: object
    ) -> Response:
        message = ""
        if error is not None:
            message = next(iter(error.fields.values()), error.user_message)
        content = self._environment.get_template(template).render(
            brand=self._brand,
            title=title,
            root=request.scope.get("root_path", ""),
            error=message,
            **values,
        )
        response = HTMLResponse(content, error.status if error is not None else 200)
        if isinstance(error, SignInThrottledError):
            response.headers["retry-after"] = str(error.retry_after)
        return response
