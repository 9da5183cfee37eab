"""AutoForm: a form from a model, checked by the very same model."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from nicegui.element import Element
from nicegui.events import GenericEventArguments
from pydantic import BaseModel, ValidationError

from webos.kernel.labels import label_of
from webos.kernel.messenger import Severity
from webos.ui.assets import COMPONENTS
from webos.ui.cards import note
from webos.ui.failures import explain
from webos.ui.form.fields import FormField, form_fields
from webos.ui.form.messages import messages_of
from webos.ui.form.values import InvalidJsonError, read_values
from webos.ui.markup import box, text
from webos.ui.proof import run_proved

if TYPE_CHECKING:
    from webos.ui.interface import Interface

__all__ = ["AutoForm", "add_form"]

M = TypeVar("M", bound=BaseModel)

_CHECK_INPUT = "Please check your input."


class AutoForm(Element, component=COMPONENTS / "form.js"):
    """A form for one model.

    Args:
        interface: The interface of the application.
        model: The model that names the fields and checks the input.
        on_submit: Gets the validated instance and the input it was made from; returns what to tell the user.
        name: What the form is for, for screen readers.
        submit_label: What the button says.
        fields: Which fields, in which order; all where None.
        values: What to start with instead of the defaults.
    """

    def __init__(
        self,
        interface: "Interface",
        model: type[M],
        on_submit: Callable[[M, dict[str, Any]], Awaitable[str]],
        *,
        name: str,
        submit_label: str,
        fields: Sequence[str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._interface = interface
        self._model: type[BaseModel] = model
        self._on_submit: Callable[[Any, dict[str, Any]], Awaitable[str]] = on_submit
        self._fields = form_fields(model, fields, values)
        self._saving = False
        path = self.client.sub_pages_router.current_path
        self._props["name"] = name
        # As text: NiceGUI makes an observed copy of everything nested.
        self._props["fields"] = orjson.dumps([field.for_browser() for field in self._fields]).decode()
        self._props["submit-label"] = submit_label
        self._props["draft"] = f"webos-draft:{path}:{model.__module__}.{model.__qualname__}"
        self.on("check", self._check)
        self.on("save", self._save)
        self.on("search", self._search)

    def _check(self, event: GenericEventArguments) -> None:
        name = str(event.args["name"])
        errors = self._errors(event.args["values"])
        self.run_method("checked", name, errors.get(name, ""))

    async def _save(self, event: GenericEventArguments) -> None:
        if self._saving:
            return
        self._saving = True
        try:
            tab = self._interface.tabs.of(self.client)
            await run_proved(self._interface.identity, tab, lambda: self._store(event.args))
        except Exception as error:  # noqa: BLE001 - everything goes back into the form, so that nothing typed is lost
            told = explain(error)
            mine = {name: message for name, message in told.fields.items() if self._has(name)}
            title = "" if mine and len(mine) == len(told.fields) else told.message
            self.run_method("refused", mine, title, told.detail)
        finally:
            self._saving = False

    async def _store(self, sent: Mapping[str, Any]) -> None:
        errors = self._errors(sent)
        if errors:
            general = errors.pop("", "")
            self.run_method("refused", errors, general or ("" if errors else _CHECK_INPUT), "")
            return
        given = read_values(self._fields, sent)
        message = await self._on_submit(self._model.model_validate(given), given)
        if self.is_deleted:
            return
        self.run_method("saved")
        if message:
            self._interface.tabs.of(self.client).toast(Severity.SUCCESS, message)

    async def _search(self, event: GenericEventArguments) -> None:
        name, query, request = str(event.args["name"]), str(event.args["query"]), event.args["request"]
        field = next((field for field in self._fields if field.name == name and field.shape.kind == "link"), None)
        if field is None:
            return
        found = await self._interface.link_options(field.shape.target, query)
        options = [{"value": str(identity), "label": label} for identity, label in found]
        self.run_method("found", name, request, options)

    def _errors(self, sent: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong with the input, by field; errors in fields that the form does not show count as general."""
        try:
            self._model.model_validate(read_values(self._fields, sent))
        except InvalidJsonError as error:
            return {error.field: "This is not valid JSON."}
        except ValidationError as error:
            found: dict[str, str] = {}
            for name, message in messages_of(error).items():
                if self._has(name) or not name:
                    found[name] = message
                else:
                    found.setdefault("", f"{label_of(name)}: {message}")
            return found
        return {}

    def _has(self, name: str) -> bool:
        return any(field.name == name for field in self._fields)

    @property
    def fields(self) -> list[FormField]:
        """What the form asks for."""
        return list(self._fields)


def add_form(
    interface: "Interface",
    model: type[M],
    *,
    on_submit: Callable[[M], Awaitable[Any] | Any] | None = None,
    title: str | None = None,
    submit_label: str | None = None,
    fields: Sequence[str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> AutoForm | None:
    """Add a form with its heading; without `on_submit` it stores a new document.

    Args:
        interface: The interface of the application.
        model: The model.
        on_submit: Gets the validated instance; sync or async.
        title: Heading; “Create <model>” where None, none where empty.
        submit_label: What the button says.
        fields: Which fields, in which order; all where None.
        values: What to start with instead of the defaults.

    Returns:
        The form, or None where the user may not store documents of this class and gets a note instead.
    """
    name = model_title(model)
    heading = f"Create {name}" if title is None else title
    with box("section", "w-card w-section"):
        if on_submit is None and not interface.may_write(model):
            _explain_missing(name)
            return None
        if heading:
            text("h2", heading)

        async def submit(instance: M, given: dict[str, Any]) -> str:
            if on_submit is None:
                await interface.save_document(model, given)
                return f"{name} created"
            result = on_submit(instance)
            if inspect.isawaitable(result):
                await result
            return ""

        return AutoForm(
            interface,
            model,
            submit,
            name=heading or name,
            submit_label=submit_label or (f"Create {name}" if on_submit is None else "Save"),
            fields=fields,
            values=values,
        )


def model_title(model: type[BaseModel]) -> str:
    """Return what people call one of these."""
    return str(model.model_config.get("title") or label_of(model.__name__))


def _explain_missing(name: str) -> None:
    note(
        f"You cannot create {name} entries",
        "You may look at them, but adding some needs a further permission.",
        symbol="lock",
    )
