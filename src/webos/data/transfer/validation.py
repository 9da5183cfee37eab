"""Rows validated by their model, many a second."""

from collections.abc import Collection, Mapping
from typing import Any

from beanie.odm.utils.dump import get_dict
from pydantic import ValidationError

from webos.data.document import AUDIT_FIELDS, CoreDocument
from webos.data.table.editing import validation_messages
from webos.data.transfer.encoding import encoded, same
from webos.data.transfer.schema import fields_validator, is_plain, partial_validator
from webos.data.transfer.source import ABSENT

__all__ = ["RowError", "RowValidator"]

Row = dict[str, Any]


class RowError(Exception):
    """A row cannot be stored.

    Args:
        messages: What is wrong, by field; the empty name stands for the row as a whole.
    """

    def __init__(self, messages: Mapping[str, str]) -> None:
        super().__init__("; ".join(messages.values()))
        self.messages = dict(messages)


class RowValidator:
    """Makes of the values of a row what is stored.

    Args:
        model: The class of the documents.
        given: Names of the fields that the file has.
    """

    def __init__(self, model: type[CoreDocument], given: Collection[str]) -> None:
        self._model = model
        self._plain = is_plain(model)
        self._stored = {name: info.alias or name for name, info in model.model_fields.items()}
        links = model.get_link_fields() or {}
        self._kept = [
            (name, self._stored[name])
            for name, info in model.model_fields.items()
            if not info.exclude and not (name in links and "BACK" in links[name].link_type.value)
        ]
        self._all = fields_validator(model)
        self._some = partial_validator(model, given)
        self._given = [name for name in given if name in self._stored]

    def new(self, values: Mapping[str, Any]) -> Row:
        """Return a new document as it is stored.

        Raises:
            RowError: The values do not fit the model.
        """
        try:
            if not self._plain:
                document = self._model.model_validate(dict(values), by_name=True, by_alias=True)
                row: Row = get_dict(document, to_db=True)
                return row
            made = self._all.validate_python(values, by_name=True, by_alias=True)[0]
        except ValidationError as error:
            raise self._error(error) from None
        row = {stored: encoded(made[name]) for name, stored in self._kept}
        if row["_id"] is None:
            del row["_id"]
        return row

    def typed(self, values: Mapping[str, Any]) -> Row:
        """Return the values that a row has, by stored name and as they are stored.

        Raises:
            RowError: A value does not fit its field.
        """
        try:
            made = self._some.validate_python(values, by_name=True, by_alias=True)[0]
        except ValidationError as error:
            raise self._error(error) from None
        return {self._stored[name]: encoded(made[name]) for name in self._given if made[name] is not ABSENT}

    def changes(self, stored: Mapping[str, Any], typed: Mapping[str, Any]) -> Row:
        """Return what of a row differs from a stored document, by stored name.

        Raises:
            RowError: With these changes the document would break a rule of its model.
        """
        changed = {name: value for name, value in typed.items() if name != "_id" and not same(stored.get(name), value)}
        if changed and not self._plain:
            try:
                self._model.model_validate({**stored, **changed}, by_name=True, by_alias=True)
            except ValidationError as error:
                raise self._error(error) from None
        return changed

    def _error(self, error: ValidationError) -> RowError:
        by_stored = {stored: name for name, stored in self._stored.items()}
        messages: dict[str, str] = {}
        for where, text in validation_messages(error).items():
            head, dot, rest = where.partition(".")
            messages[f"{by_stored.get(head, head)}{dot}{rest}"] = text
        return RowError({name: text for name, text in messages.items() if name not in AUDIT_FIELDS} or {"": str(error)})
