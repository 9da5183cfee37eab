"""The sign-in page: plain HTML that works without JavaScript and opens no websocket."""

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

__all__ = ["LoginPage"]


class LoginPage:
    """Renders the sign-in page.

    Args:
        brand: Name of the product, as people know it.
    """

    def __init__(self, brand: str) -> None:
        self._brand = brand
        self._template = Environment(loader=PackageLoader("webos.auth"), autoescape=True).get_template("login.html")

    def render(
        self, request: Request, target: str, *, username: str = "", error: str = "", status: int = 200
    ) -> HTMLResponse:
        """Return the page.

        Args:
            request: The request it answers.
            target: Where to go after signing in; a safe path.
            username: What was entered before.
            error: Why signing in failed.
            status: HTTP status of the answer.
        """
        root = request.scope.get("root_path", "")
        page = self._template.render(brand=self._brand, root=root, target=target, username=username, error=error)
        return HTMLResponse(page, status)
