"""Changing, making and deleting the documents of a table, validated by the model itself."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from webos.data.conflicts import EditConflictError
from webos.data.document import AUDIT_FIELDS, CoreDocument
from webos.data.table.columns import Column, ColumnKind
from webos.data.table.rows import plain_value
from webos.data.table.shown import shown_columns
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError

__all__ = ["apply_changes", "assign", "change_document", "create_document", "find_document", "validation_messages"]

_ATTEMPTS = 5


async def find_document(document: type[CoreDocument], identity: str) -> CoreDocument:
    """Return the document with an id, as far as the acting user may see it.

    Raises:
        NotFoundError: There is none for him, or the id is none.
    """
    found: CoreDocument | None
    try:
        found = await document.get(identity)
    except (ValidationError, ValueError):
        found = None
    if found is None:
        msg = f"no such {document.__name__}"
        raise NotFoundError(msg)
    return found


async def change_document(
    document: type[CoreDocument],
    identity: str,
    changes: Mapping[str, Any],
    *,
    revision: int | None,
    was: Mapping[str, Any],
) -> None:
    """Change fields of a stored document, as `apply_changes` does, beside others who change other fields.

    Raises:
        NotFoundError: There is none for the acting user.
        InvalidInputError: A value does not fit, or a field cannot be changed; `fields` says which and why.
        ConflictError: Somebody else changed one of the fields, or it was changed again and again meanwhile.
    """
    for attempt in range(_ATTEMPTS):
        target = await find_document(document, identity)
        apply_changes(target, changes, revision=revision, was=was)
        try:
            await target.save()
        except ConflictError as error:
            # Of what others change, `save` merges what does not overlap; the rest is decided on what is stored now.
            is_decided = bool(error.fields) and not isinstance(error, EditConflictError)
            if is_decided or attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def apply_changes(
    target: CoreDocument, changes: Mapping[str, Any], *, revision: int | None, was: Mapping[str, Any]
) -> None:
    """Set the changed fields of `target`, each validated by the model.

    A change that is based on an older revision is taken as long as nobody else changed the same field.

    Args:
        target: The document as it is stored now.
        changes: New values by field.
        revision: Revision the values were seen at; None where the caller does not know.
        was: Values the caller saw in the changed fields.

    Raises:
        InvalidInputError: A value does not fit, or a field cannot be changed; `fields` says which and why.
        ConflictError: Somebody else changed one of the fields.
    """
    columns = {column.field: column for column in shown_columns(type(target))}
    for name in changes:
        if name not in columns or not columns[name].editable:
            raise InvalidInputError(fields={name: "This field cannot be changed here."})
    if revision is not None and revision != target.revision:
        _refuse_overlap(target, changes, was, columns)
    states = getattr(type(target), "transitions", None)
    before = getattr(target, states.field) if states is not None else None
    messages = assign(target, dict(changes))
    if messages:
        raise InvalidInputError("; ".join(messages.values()), fields=messages)
    if states is not None and before != (after := getattr(target, states.field)):
        states.check(before, after)


async def create_document(document: type[CoreDocument], values: Mapping[str, Any]) -> CoreDocument:
    """Store a new document.

    Raises:
        InvalidInputError: A value does not fit; `fields` says which and why.
        ConflictError: A value that must be unique is taken; `fields` names it.
    """
    own = {name: value for name, value in values.items() if name not in {*AUDIT_FIELDS, "id", "_id"}}
    try:
        made = document.model_validate(own, by_name=True, by_alias=True)
    except ValidationError as error:
        messages = validation_messages(error)
        raise InvalidInputError(fields=messages) from None
    states = getattr(document, "transitions", None)
    if states is not None:
        states.check_new(made)
    stored: CoreDocument = await made.insert()
    return stored


def assign(target: CoreDocument, values: dict[str, Any]) -> dict[str, str]:
    """Set the values and return what is wrong with them; a rule over several fields may hold when all are set."""
    validator = type(target).__pydantic_validator__
    while values:
        refused: dict[str, Any] = {}
        messages: dict[str, str] = {}
        for name, value in values.items():
            try:
                validator.validate_assignment(target, name, value)
            except ValidationError as error:
                refused[name] = value
                messages.update(validation_messages(error, name))
        if len(refused) == len(values):
            return messages
        values = refused
    return {}


def validation_messages(error: ValidationError, default: str = "") -> dict[str, str]:
    """Return Pydantic's messages by field, worded for people; the input itself is not repeated."""
    messages: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"]) or default
        text = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        messages.setdefault(name, f"{text[:1].upper()}{text[1:]}.")
    return messages


def _comparable(column: Column, value: object) -> object:
    """Return a value as callers see it: of a link its id."""
    if column.kind is ColumnKind.LINK and isinstance(value, Mapping):
        return plain_value(value.get("id"))
    return plain_value(value)


def _refuse_overlap(
    target: CoreDocument, changes: Mapping[str, Any], was: Mapping[str, Any], columns: Mapping[str, Column]
) -> None:
    stored = target.model_dump(include=set(changes), mode="json")
    for name in changes:
        seen = was.get(name)
        if name not in was or plain_value(seen) != _comparable(columns[name], stored.get(name)):
            msg = f"{columns[name].title} was changed meanwhile"
            raise ConflictError(
                msg,
                user_message=f"Somebody else changed “{columns[name].title}” in the meantime.",
                fields={name: "Changed by somebody else in the meantime."},
            )
