"""Filters by name, as `quantity__gte=3`: which there are for a model, and what they are in the database's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from webos.data.document import CoreDocument
from webos.data.table.columns import Column, ColumnKind, columns_of, unwrap_optional
from webos.data.table.editing import validation_messages
from webos.data.table.operands import number_operand, text_operand
from webos.data.table.query import compile_filter, join_conditions
from webos.kernel.errors import InvalidInputError

__all__ = ["Filter", "compile_filters", "filter_model", "filters_of", "parse_filters"]

_MOST_VALUES = 100
_EXACT = ("", "ne", "in")
_RANGES = ("gt", "gte", "lt", "lte")
_TEXTS = ("contains", "startswith", "endswith")
_OPERATORS: Mapping[ColumnKind, tuple[str, ...]] = {
    ColumnKind.TEXT: (*_EXACT, *_TEXTS),
    ColumnKind.INTEGER: (*_EXACT, *_RANGES),
    ColumnKind.DECIMAL: (*_EXACT, *_RANGES),
    ColumnKind.FLOAT: _RANGES,
    ColumnKind.BOOLEAN: ("",),
    ColumnKind.DATE: (*_EXACT, *_RANGES),
    ColumnKind.DATETIME: ("", *_RANGES),
    ColumnKind.CHOICE: _EXACT,
    ColumnKind.LINK: _EXACT,
}
_IN_TABLES = {
    "contains": "contains",
    "startswith": "startsWith",
    "endswith": "endsWith",
    "gt": "greaterThan",
    "gte": "greaterThanOrEqual",
    "lt": "lessThan",
    "lte": "lessThanOrEqual",
}
_WORDS = {
    "": "is",
    "ne": "is not",
    "in": "is one of",
    "gt": "is greater than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "contains": "has, in capitals or not,",
    "startswith": "begins, in capitals or not, with",
    "endswith": "ends, in capitals or not, with",
    "isnull": "is empty",
}
_NUMBERS = {ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.FLOAT}


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter.

    Attributes:
        name: How it is asked for: `status`, `quantity__gte`.
        operator: What stands behind the underscores; empty for equality.
        column: The column.
        annotation: Type of the value.
    """

    name: str
    operator: str
    column: Column
    annotation: Any


def filters_of(document: type[CoreDocument]) -> dict[str, Filter]:
    """Return the filters of a document class by their names; secrets have none."""
    return {each.name: each for column in columns_of(document) for each in _of_column(document, column)}


def filter_model(document: type[CoreDocument]) -> type[BaseModel]:
    """Return a model with a field for each filter of a document class, all of them optional, and no others."""
    fields: dict[str, Any] = {
        each.name: (each.annotation, Field(default_factory=_nothing, description=_describe(each)))
        for each in filters_of(document).values()
    }
    return create_model(f"{document.__name__}Filter", __config__=ConfigDict(extra="forbid"), **fields)


def parse_filters(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are asked for, each of its type.

    Args:
        model: Result of `filter_model`.
        values: Values by the names of filters.

    Raises:
        InvalidInputError: There is no such filter, or a value does not fit; `fields` names it.
    """
    try:
        parsed = model.model_validate(dict(values))
    except ValidationError as error:
        raise InvalidInputError(fields=validation_messages(error)) from None
    return {name: getattr(parsed, name) for name in parsed.model_fields_set}


def compile_filters(document: type[CoreDocument], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the database's filter.

    Args:
        document: The document class.
        values: Result of `parse_filters`.

    Raises:
        InvalidInputError: The database cannot compare with a value; `fields` names the filter.
    """
    filters = filters_of(document)
    return join_conditions([_condition(filters[name], value) for name, value in values.items()])


def _of_column(document: type[CoreDocument], column: Column) -> Iterator[Filter]:
    kind = unwrap_optional(document.model_fields[column.field].annotation)[0]
    single: Any = str if column.kind is ColumnKind.LINK else kind
    for operator in _OPERATORS.get(column.kind, ()):
        annotation = list[single] if operator == "in" else single
        yield Filter(f"{column.field}__{operator}" if operator else column.field, operator, column, annotation)
    if column.optional:
        yield Filter(f"{column.field}__isnull", "isnull", column, bool)


def _describe(each: Filter) -> str:
    return f"“{each.column.title}” {_WORDS[each.operator]} …".replace("is empty …", "is empty")


def _nothing() -> None:
    """Stand for a filter that is not asked for."""


def _condition(each: Filter, value: Any) -> dict[str, Any]:  # noqa: ANN401 - of the column's type
    column = each.column
    try:
        if each.operator == "isnull":
            return {column.stored: None if value else {"$ne": None}}
        if each.operator in _TEXTS or (each.operator in _RANGES and column.kind in _NUMBERS):
            operand = value if isinstance(value, (str, int, float)) else str(value)
            model = {column.field: {"type": _IN_TABLES[each.operator], "filter": operand}}
            return compile_filter({column.field: column}, model)[0]
        name = f"{column.stored}.$id" if column.kind is ColumnKind.LINK else column.stored
        if each.operator == "in":
            return {name: {"$in": [_operand(column, one) for one in _bounded(each, value)]}}
        operand = _operand(column, value)
    except InvalidInputError as error:
        raise InvalidInputError(
            fields=dict.fromkeys([each.name], next(iter(error.fields.values()), str(error)))
        ) from None
    return {name: {f"${each.operator}": operand} if each.operator else operand}


def _bounded(each: Filter, values: list[Any]) -> list[Any]:
    if len(values) > _MOST_VALUES:
        raise InvalidInputError(fields={each.name: f"At most {_MOST_VALUES} values are possible."})
    return values


def _operand(column: Column, value: Any) -> Any:  # noqa: ANN401 - of the column's type
    if column.kind is ColumnKind.TEXT:
        return text_operand(column.field, value) if value else value
    if column.kind is ColumnKind.LINK:
        return _identity(column, value)
    if column.kind in _NUMBERS:
        return number_operand(column, value if isinstance(value, (int, float)) else str(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        try:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except OverflowError:
            raise InvalidInputError(fields={column.field: "This time is not possible."}) from None
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else value


def _identity(column: Column, value: str) -> Any:  # noqa: ANN401 - an id of any type
    target = column.target
    annotation: Any = target.model_fields["id"].annotation if isinstance(target, type) else None
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        raise InvalidInputError(fields={column.field: "This is not a valid id."}) from None
