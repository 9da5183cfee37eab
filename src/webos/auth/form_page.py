"""Pages with one form, in the look of the sign-in page: plain HTML that works without JavaScript."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

from webos.kernel.errors import WebOSError

__all__ = ["FormField", "FormPage", "FormPages", "PageLink"]

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link below a form.

    Attributes:
        path: Where it goes.
        text: What it says.
    """

    path: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """An input of a form.

    Attributes:
        name: Its name.
        label: What people read before it.
        kind: `text`, `email` or `password`.
        autocomplete: What the browser may fill in.
        hint: What helps to fill it in.
        least: How many characters it needs.
        most: How many characters it takes.
        required: Whether it must be filled in.
    """

    name: str
    label: str
    kind: str = "text"
    autocomplete: str = "off"
    hint: str = ""
    least: int = 0
    most: int = 254
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    """A page with one form, or with a message where it has no action.

    Attributes:
        title: Its heading.
        lead: A sentence below it.
        action: Where the form is sent; empty for none.
        submit: What its button says.
        fields: The inputs.
        links: What stands below the form.
        notice: What was done.
        values: What stands in the inputs at first.
    """

    title: str
    lead: str = ""
    action: str = ""
    submit: str = ""
    fields: tuple[FormField, ...] = ()
    links: tuple[PageLink, ...] = ()
    notice: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


class FormPages:
    """Renders pages.

    Args:
        brand: Name of the product, as people know it.
    """

    def __init__(self, brand: str) -> None:
        self._brand = brand
        loader = PackageLoader("webos.auth")
        environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._template = environment.get_template("form.html")

    def render(
        self,
        request: Request,
        page: FormPage,
        *,
        values: Mapping[str, str] = _NOTHING,
        error: WebOSError | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """Return a page.

        Args:
            request: The request it answers.
            page: The page.
            values: What was entered before; passwords are never shown again.
            error: Why it did not work; messages for fields stand at the fields.
            status: HTTP status of the answer, where there is no error.
        """
        names = {field.name for field in page.fields}
        at_fields = {name: text for name, text in error.fields.items() if name in names} if error is not None else {}
        shown = {field.name: values.get(field.name, "") for field in page.fields if field.kind != "password"}
        message = error.user_message if error is not None and not at_fields else ""
        content = self._template.render(
            brand=self._brand,
            title=page.title,
            root=request.scope.get("root_path", ""),
            page=page,
            values=shown,
            errors=at_fields,
            error=message,
        )
        return HTMLResponse(content, error.status if error is not None else status)
