"""Which column of a file belongs to which field of a model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webos.data.guard.fields import locked_fields
from webos.data.model_registry import ModelInfo
from webos.data.table.columns import ColumnKind
from webos.data.transfer.cells import Converter, converter_for, empty_value
from webos.data.transfer.fields import ImportField, fields_of
from webos.data.transfer.options import ImportMode, ImportOptions
from webos.data.transfer.source import REASONS, TableSource
from webos.kernel.errors import InvalidInputError
from webos.kernel.labels import label_of

__all__ = ["Mapped", "TableMapping", "map_columns"]

_NO_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Mapped:
    """One column that is read.

    Attributes:
        index: Its place in the file.
        heading: Its heading.
        field: The field it fills.
        linked_by: For a link: the field of the other document, where the column or the options name one.
        convert: Makes values of its cells; None where the model takes them as they are.
        empty: What an empty cell stands for.
    """

    index: int
    heading: str
    field: ImportField
    linked_by: str | None
    convert: Converter | None
    empty: Any


@dataclass(frozen=True, slots=True)
class TableMapping:
    """The columns of a file.

    Attributes:
        columns: Those that are read.
        ignored: Headings of those that are not.
    """

    columns: tuple[Mapped, ...]
    ignored: tuple[str, ...]

    def describe(self) -> dict[str, str]:
        """Return the field of each heading that is read."""
        return {
            each.heading: f"{each.field.name}.{each.linked_by}" if each.linked_by else each.field.name
            for each in self.columns
        }


def map_columns(info: ModelInfo, source: TableSource, options: ImportOptions) -> TableMapping:
    """Find the field of each column, by the options or by name, alias or title in any case and spacing.

    Args:
        info: The model.
        source: The file.
        options: What else is known.

    Raises:
        InvalidInputError: A column has no field or one that cannot be written, two have the same, a key or a
            required field has no column; `fields` says it by heading or field.
    """
    locked = locked_fields(info.policy)
    fields = {name: field for name, field in fields_of(info.document).items() if field.stored not in locked}
    problems: dict[str, str] = {}
    found = _find_fields(info, source.columns, options, fields, problems)
    ignored = [name for name in source.columns if name not in found and name not in problems]
    _drop_second_forms(found, ignored)
    _check_twice(found, problems)
    _check_needed({field.name for field, _ in found.values()}, fields, options, problems)
    for name in options.mapping:
        if name not in source.columns:
            problems[name] = "The file has no such column."
    if problems:
        raise InvalidInputError("; ".join(f"{name}: {text}" for name, text in problems.items()), fields=problems)
    columns = tuple(
        Mapped(
            index=source.columns.index(heading),
            heading=heading,
            field=field,
            linked_by=linked_by,
            convert=converter_for(field, options, plain=source.plain),
            empty=empty_value(field, options),
        )
        for heading, (field, linked_by) in found.items()
    )
    return TableMapping(columns, tuple(ignored))


Found = dict[str, tuple[ImportField, str | None]]


def _find_fields(
    info: ModelInfo,
    headings: Sequence[str],
    options: ImportOptions,
    fields: Mapping[str, ImportField],
    problems: dict[str, str],
) -> Found:
    spellings = _spellings(fields)
    closed = _closed(info, fields)
    found: Found = {}
    for heading in headings:
        if heading in options.ignore or heading == REASONS:
            continue
        wanted = options.mapping.get(heading, heading)
        name, dot, linked_by = wanted.partition(".")
        field = fields.get(name) or spellings.get(_plain(name))
        if dot and (field is None or field.kind is not ColumnKind.LINK):
            # A dot that is part of a heading.
            field, linked_by = spellings.get(_plain(wanted)), ""
        if field is not None:
            found[heading] = (field, linked_by or None)
        elif wanted in closed or _plain(wanted) in closed:
            if heading in options.mapping:
                problems[heading] = "This field cannot be imported."
            elif not options.ignore_unknown and _plain(wanted) not in _WRITTEN_BY_US:
                problems[heading] = "This field cannot be imported. Leave the column out, or say to ignore it."
        elif heading in options.mapping:
            problems[heading] = f"There is no field “{wanted[:80]}”."
        elif not options.ignore_unknown:
            problems[heading] = "No field belongs to this column. Name one, or say to ignore it."
    return found


def _spellings(fields: Mapping[str, ImportField]) -> dict[str, ImportField]:
    """Return the fields by every spelling; a spelling that means two is none."""
    found: dict[str, ImportField | None] = {}
    for field in fields.values():
        for name in {_plain(each) for each in (field.name, field.stored, field.title, label_of(field.name))}:
            found[name] = None if name in found and found[name] is not field else field
    # A name counts more than the title of another field.
    found.update({_plain(field.name): field for field in fields.values()})
    return {name: field for name, field in found.items() if field is not None}


def _closed(info: ModelInfo, fields: Mapping[str, ImportField]) -> set[str]:
    names = {
        each
        for name, field in info.document.model_fields.items()
        if name not in fields
        for each in (name, field.alias or name, field.title or name)
    }
    return names | {_plain(name) for name in names}


def _plain(name: str) -> str:
    # An id is often written `_id`, which is also how it is stored.
    return _NO_LETTERS.sub("", name).casefold()


_WRITTEN_BY_US = frozenset(
    _plain(name) for name in ("created_at", "created_by", "updated_at", "updated_by", "deleted_at", "revision")
)


def _drop_second_forms(found: Found, ignored: list[str]) -> None:
    """Where a link has a column with its id, leave out the one with its label, which says less."""
    by_id = {field.name for field, linked_by in found.values() if linked_by == "id"}
    for heading, (field, linked_by) in list(found.items()):
        if field.name in by_id and linked_by != "id":
            del found[heading]
            ignored.append(heading)


def _check_twice(found: Found, problems: dict[str, str]) -> None:
    first: dict[str, str] = {}
    for heading, (field, _) in found.items():
        if field.name in first:
            problems[heading] = f"The column “{first[field.name]}” belongs to the same field."
        first.setdefault(field.name, heading)


def _check_needed(
    given: set[str], fields: Mapping[str, ImportField], options: ImportOptions, problems: dict[str, str]
) -> None:
    for name in options.key:
        if name not in fields:
            problems[name] = "The key is no field of the model."
        elif name not in given:
            problems[name] = "The key has no column."
        elif fields[name].many or (fields[name].kind is ColumnKind.OTHER and name != "id"):
            problems[name] = "This field cannot be a key."
    if options.mode is not ImportMode.UPDATE:
        for name, field in fields.items():
            if field.required and name not in given:
                problems[name] = "A new record needs this field, and no column has it."
