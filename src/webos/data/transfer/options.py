"""What an import and an export are asked to do."""

import zoneinfo
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from webos.data.transfer.formats import FileFormat

__all__ = ["DeletedMatch", "EmptyCell", "Encoding", "ExportOptions", "ImportMode", "ImportOptions", "LinkForm"]

Letter = Annotated[str, Field(min_length=1, max_length=1)]
"""A single character."""


class Encoding(StrEnum):
    """How the letters of a text file are stored."""

    UTF_8 = "utf-8"
    UTF_8_SIG = "utf-8-sig"
    UTF_16 = "utf-16"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    LATIN_1 = "latin-1"
    WINDOWS_1252 = "cp1252"


class ImportMode(StrEnum):
    """What becomes of rows whose key is stored already, and of those whose key is not."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"


class EmptyCell(StrEnum):
    """What an empty cell means.

    `AUTO`: no value where the field may be empty, empty text for a text, else as if the cell were not there.
    `ABSENT`: as if the cell were not there: the default in a new document, no change in a stored one.
    `NONE`: no value. `DEFAULT`: the default of the field, also in a stored document.
    """

    AUTO = "auto"
    ABSENT = "absent"
    NONE = "none"
    DEFAULT = "default"


class DeletedMatch(StrEnum):
    """What becomes of a row whose key only a deleted document has: a new one, that one again, or an error.

    An id is never given twice: a row with the id of a deleted document is an error or restores it.
    """

    NEW = "new"
    RESTORE = "restore"
    ERROR = "error"


class LinkForm(StrEnum):
    """How a link is written: by the label of the other document, by its id, or as two columns."""

    LABEL = "label"
    ID = "id"
    BOTH = "both"


class ImportOptions(BaseModel):
    """How a file is read and what is done with its rows.

    Attributes:
        format: Kind of the file; found out where None.
        encoding: Encoding of a text file; found out where None.
        delimiter: What separates the cells of a CSV file; found out where None.
        quote: What cells of a CSV file are quoted with.
        formula_quotes: Whether a `'` before `=`, `+`, `-` or `@` in a CSV file only disarms a formula and is dropped.
        sheet: Name of a workbook's sheet; the first where None.
        mapping: Field for a column, where names do not tell. `category.name` is the category of that name.
        ignore: Columns to leave out.
        ignore_unknown: Whether to leave out every column that belongs to no field.
        mode: Whether rows may be inserted, updated, or both.
        key: Fields that tell which stored document a row is; `id` is one as well. Needed to update.
        empty: What an empty cell means.
        nulls: Texts that stand for an empty cell as well, such as `NA`.
        zone: Time zone of times that name none, such as `Europe/Berlin`.
        date_format: How dates are written, as for `strptime`; as ISO 8601 says where None.
        datetime_format: The same for times.
        decimal_comma: Whether numbers are written as `1.234,56`.
        list_separator: What separates the items of a list in one cell.
        deleted: What becomes of a row whose key only a deleted document has.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: FileFormat | None = None
    encoding: Encoding | None = None
    delimiter: Letter | None = None
    quote: Letter = '"'
    formula_quotes: bool = True
    sheet: str | None = None
    mapping: dict[str, str] = Field(default_factory=dict, max_length=2000)
    ignore: frozenset[str] = frozenset()
    ignore_unknown: bool = False
    mode: ImportMode = ImportMode.INSERT
    key: tuple[str, ...] = Field(default=(), max_length=8)
    empty: EmptyCell = EmptyCell.AUTO
    nulls: frozenset[str] = Field(default=frozenset(), max_length=50)
    zone: str | None = None
    date_format: str | None = Field(default=None, max_length=100)
    datetime_format: str | None = Field(default=None, max_length=100)
    decimal_comma: bool = False
    list_separator: Letter = ";"
    deleted: DeletedMatch = DeletedMatch.NEW

    @field_validator("delimiter", "quote")
    @classmethod
    def _check_letter(cls, value: str | None) -> str | None:
        if value in {"\r", "\n", "\0"}:
            msg = "cannot be a line break"
            raise ValueError(msg)
        return value

    @field_validator("zone")
    @classmethod
    def _check_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in zoneinfo.available_timezones():
            msg = "is not a time zone such as Europe/Berlin or UTC"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        if self.mode is not ImportMode.INSERT and not self.key:
            msg = "An import that updates needs a key"
            raise ValueError(msg)
        if len(set(self.key)) < len(self.key):
            msg = "The key names a field twice"
            raise ValueError(msg)
        if self.delimiter == self.quote:
            msg = "Delimiter and quote are the same"
            raise ValueError(msg)
        return self


class ExportOptions(BaseModel):
    """What of each document is written, and how.

    Attributes:
        format: Kind of the file.
        columns: Fields in their order; all that may be read where empty. The id comes first either way.
        links: How links are written.
        titles: Whether the heading of a column is its title instead of the name of the field.
        delimiter: What separates the cells of a CSV file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: FileFormat = FileFormat.CSV
    columns: tuple[str, ...] = Field(default=(), max_length=2000)
    links: LinkForm = LinkForm.BOTH
    titles: bool = False
    delimiter: Annotated[str, Field(pattern=r"^[,;\t|]$")] = ","
