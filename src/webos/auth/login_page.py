"""The sign-in page: plain HTML that works without JavaScript and opens no websocket."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

from webos.auth.form_page import PageLink
from webos.kernel.errors import WebOSError

__all__ = ["LoginPage"]


class LoginPage:
    """Renders the sign-in page.

    Args:
        brand: Name of the product, as people know it.
        links: What stands below the form.
        passkeys: Whether people may sign in with a passkey.
    """

    def __init__(self, brand: str, links: Sequence[PageLink] = (), *, passkeys: bool = False) -> None:
        self._passkeys = passkeys
        self._brand = brand
        self._links = links
        loader = PackageLoader("webos.auth")
        environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._template = environment.get_template("login.html")

    def render(
        self,
        request: Request,
        target: str,
        *,
        username: str = "",
        error: str = "",
        notice: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        """Return the page.

        Args:
            request: The request it answers.
            target: Where to go after signing in; a safe path.
            username: What was entered before.
            error: Why signing in failed.
            notice: What was done before.
            status: HTTP status of the answer.
        """
        page = self._template.render(
            brand=self._brand,
            title="Sign in",
            root=request.scope.get("root_path", ""),
            target=target,
            username=username,
            error=error,
            notice=notice,
            links=self._links,
            passkeys=self._passkeys,
        )
        return HTMLResponse(page, status)

    def show_error(self, request: Request, target: str, error: WebOSError) -> HTMLResponse:
        """Return the page with what went wrong on another way to sign in."""
        return self.render(request, target, error=error.user_message, status=error.status)
