"""The base of all pages: a class with a path and a `build`."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from loguru import logger
from nicegui import background_tasks, ui
from nicegui.context import context
from nicegui.element import Element
from nicegui.elements.timer import Timer
from pydantic import BaseModel, TypeAdapter, ValidationError

from webos.kernel.context import User, current_user
from webos.kernel.errors import NotFoundError, UnavailableError
from webos.kernel.messenger import Messenger
from webos.ui.buttons import ActionButton, ButtonRow, Variant
from webos.ui.charts import Chart
from webos.ui.form import AutoForm, add_form
from webos.ui.markup import box, text
from webos.ui.navigation import PageEntry
from webos.ui.progress import TaskProgress
from webos.ui.rows_table import add_rows_table
from webos.ui.visit import Visit

__all__ = ["Page"]

S = TypeVar("S")
M = TypeVar("M", bound=BaseModel)


class Page:
    """One page of a module; a new instance is made for every visit, as the user who visits.

    Attributes:
        path: Where it is, such as `/orders` or `/orders/{number}`; parameters become arguments of `build`.
        title: What people call it.
        icon: Name of a Material icon; the module's where empty.
        permission: What seeing it needs; any signed-in user where None.
        description: A sentence below the heading.
        group: Heading it stands under in the sidebar; the module's title where empty.
        order: Place among the pages of its module, the smallest first.
        keywords: Further words the palette finds it by.
        searchable: Whether sidebar and palette list it.
    """

    path: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    permission: ClassVar[str | None] = None
    description: ClassVar[str] = ""
    group: ClassVar[str] = ""
    order: ClassVar[int] = 100
    keywords: ClassVar[str] = ""
    searchable: ClassVar[bool] = True

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.interface = visit.interface
        self.log = logger.bind(module=f"{visit.entry.module}.{type(self).__name__}")

    async def build(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - a page names the parameters it has
        """Add the page's content; parameters of the path and the query come as arguments of the same names."""

    @classmethod
    def entry(cls, module: str, icon: str) -> PageEntry:
        """Return how the page is registered.

        Args:
            module: Name of its module.
            icon: The module's icon, for where the page has none.
        """
        return PageEntry(
            path=cls.path,
            title=cls.title or cls.__name__.removesuffix("Page"),
            builder=cls._show,
            icon=cls.icon or icon,
            permission=cls.permission,
            module=module,
            group=cls.group,
            order=cls.order,
            keywords=cls.keywords,
            searchable=cls.searchable,
        )

    @classmethod
    async def _show(cls, visit: Visit) -> None:
        page = cls(visit)
        visit.add_header(visit.entry.title, cls.description)
        await page.build(**_arguments(page.build, visit))

    @property
    def user(self) -> User:
        """Who acts: in `build` who opened the page, in a handler who pressed the button."""
        return current_user()

    @property
    def notify(self) -> Messenger:
        """Tells the acting user something."""
        return self.interface.messenger

    @property
    def bus(self) -> Any:  # noqa: ANN401 - the interface does not know the bus's type
        """The event bus.

        Raises:
            ServiceNotFoundError: The application has none.
        """
        return self.interface.services.get("bus")

    def service(self, kind: type[S]) -> S:
        """Return the application's service of a type.

        Raises:
            ServiceNotFoundError: There is none.
        """
        return self.interface.services.get(kind)

    def add_text(self, content: str) -> Element:
        """Add a paragraph of plain text."""
        return text("p", content, "w-text")

    def add_heading(self, content: str) -> Element:
        """Add a heading of a section."""
        return text("h2", content)

    def add_markdown(self, content: str) -> Element:
        """Add Markdown; HTML in it is made harmless."""
        return ui.markdown(content)

    def add_button(
        self,
        label: str,
        on_click: Callable[..., Any] | None = None,
        *,
        icon: str | None = None,
        variant: Variant = "secondary",
    ) -> ActionButton:
        """Add a button; several in a row stand side by side.

        While an async handler runs the button turns and cannot be pressed again. What it raises becomes a toast.

        Args:
            label: What it does.
            on_click: Does it; sync or async.
            icon: Name of a Material icon.
            variant: `primary`, `secondary`, `ghost` or `danger`.
        """
        before = context.slot.children[-1:]
        row = before[0] if before and isinstance(before[0], ButtonRow) else ButtonRow()
        with row:
            return ActionButton(
                label,
                on_click,
                tabs=self.interface.tabs,
                identity=self.interface.identity,
                symbol=icon,
                variant=variant,
            )

    def add_table(
        self,
        source: type[BaseModel] | Sequence[Mapping[str, Any] | BaseModel],
        **options: Any,  # noqa: ANN401 - of the table
    ) -> Any:  # noqa: ANN401 - the table
        """Add a table: an editable grid over a document class, or one over rows that are at hand.

        Args:
            source: A document class, or a list of dictionaries or Pydantic models.
            options: For rows `title`, `columns`, `height` and `empty`; for a document class those of the grid.
        """
        if isinstance(source, type):
            return self.interface.tables(source, permission=self.permission, **options)
        return add_rows_table(source, **options)

    def add_form(
        self,
        model: type[M],
        *,
        on_submit: Callable[[M], Awaitable[Any] | Any] | None = None,
        title: str | None = None,
        submit_label: str | None = None,
        fields: Sequence[str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> AutoForm | None:
        """Add a form made from a model; it stores a new document where `on_submit` does not say otherwise.

        Args:
            model: A document class or any Pydantic model.
            on_submit: Gets the validated instance instead; what it raises is shown in the form.
            title: Heading; “Create <model>” where None, none where empty.
            submit_label: What the button says.
            fields: Which fields, in which order; all where None.
            values: What to start with instead of the defaults.

        Returns:
            The form, or None where the user may not store documents of this class and gets a note instead.
        """
        return add_form(
            self.interface,
            model,
            on_submit=on_submit,
            title=title,
            submit_label=submit_label,
            fields=fields,
            values=values,
        )

    def add_chart(self, figure: Any, *, title: str = "", label: str = "") -> Chart:  # noqa: ANN401 - plotly has no types
        """Add a chart in the colours of the theme.

        Args:
            figure: A Plotly figure, or a dictionary with `data` and `layout`.
            title: Heading above it.
            label: What it shows, for screen readers.
        """
        with box("section", "w-card"):
            if title:
                text("h2", title)
            return Chart(figure, label=label or title)

    def add_progress(self, task_id: str) -> TaskProgress:
        """Add the live progress of a background task of this user.

        Raises:
            UnavailableError: The application has no background tasks.
        """
        if self.interface.tasks is None:
            raise UnavailableError
        progress = TaskProgress(self.interface.tasks, task_id)
        background_tasks.create(progress.load(), name="look up a task", context=progress)
        return progress

    def every(self, seconds: float, handler: Callable[[], Any]) -> Timer:
        """Call `handler` again and again while the page is open, as the user its session belongs to at that time.

        Args:
            seconds: Time between two calls.
            handler: Sync or async.
        """
        tab = self.visit.tab
        return ui.timer(seconds, lambda: self.interface.identity.run_as_owner(tab, handler))


def _arguments(build: Callable[..., Any], visit: Visit) -> dict[str, Any]:
    """Return what `build` asks for by name, converted to the types it names.

    Raises:
        NotFoundError: A value in the path does not fit its type.
    """
    found: dict[str, Any] = {}
    given = {**dict(visit.arguments.query_parameters), **visit.arguments.path_parameters}
    for name, parameter in inspect.signature(build).parameters.items():
        if name in given:
            kind = str if parameter.annotation is parameter.empty else parameter.annotation
            try:
                found[name] = TypeAdapter(kind).validate_python(given[name])
            except ValidationError:
                msg = f"{given[name]!r} is no {name}"
                raise NotFoundError(msg) from None
    return found
