"""The columns of a table, read off the model."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal, Optional
from uuid import UUID

import pytest
from beanie import BackLink, Indexed, Link, PydanticObjectId
from pydantic import BaseModel, Field, SecretBytes, SecretStr, computed_field

from webos.data.document import AUDIT_FIELDS, CoreDocument, OwnedDocument
from webos.data.table.columns import Column, ColumnKind, columns_of, label_field, stored_name


class Size(StrEnum):
    """A choice of texts."""

    SMALL = "small"
    EXTRA_LARGE = "extra_large"


class Rank(IntEnum):
    """A choice of numbers."""

    FIRST = 1
    SECOND = 2


class Mixed(Enum):
    """A choice of anything."""

    NO = 0
    TEXT = "some text"


class Address(BaseModel):
    """A part of a document."""

    street: str = ""
    key: SecretStr | None = None


class Plain(BaseModel):
    """A part of a document without secrets."""

    street: str = ""
    again: "list[Plain]" = []


class Category(CoreDocument):
    """Something to link to."""

    name: str


class Everything(OwnedDocument):
    """A document with fields of all kinds."""

    text: str
    indexed: Annotated[str, Indexed(unique=True)]
    integer: int = 0
    limited: int = Field(default=1, ge=0, lt=10)
    limited_optional: Annotated[int, Field(gt=0, le=5)] | None = None
    number: float = 0.0
    amount: Decimal = Decimal(0)
    flag: bool = False
    day: date = date(2024, 1, 1)
    moment: datetime | None = None
    old_style: Optional[str] = None  # noqa: UP045 - people write it
    size: Size = Size.SMALL
    rank: Rank = Rank.FIRST
    mixed: Mixed | None = None
    word: Literal["one", "two words"] = "one"
    category: Link[Category] | None = None
    categories: list[Link[Category]]
    back: BackLink[Category] | None = None
    tags: list[str]
    short_tags: list[Annotated[str, Field(max_length=3)]]
    numbers: dict[str, int]
    place: Plain = Plain()
    either: int | str = 1
    anything: Any = None
    identity: UUID | None = None
    other_id: PydanticObjectId | None = None
    blob: bytes = b""
    clock: time | None = None
    span: timedelta | None = None
    renamed: int = Field(default=0, alias="old_name", title="Better name", description="What it was called before.")
    password: SecretStr = SecretStr("")
    pin: SecretBytes | None = None
    passwords: list[SecretStr]
    named_passwords: dict[str, SecretStr | None]
    address: Address = Address()
    addresses: list[Address]
    hidden: str = Field(default="", exclude=True)

    @computed_field  # type: ignore[prop-decorator]  # as Pydantic wants it
    @property
    def computed(self) -> str:
        """Not stored."""
        return "computed"


COLUMNS = {column.field: column for column in columns_of(Everything)}


@pytest.mark.parametrize(
    ("field", "kind", "optional"),
    [
        ("text", ColumnKind.TEXT, False),
        ("indexed", ColumnKind.TEXT, False),
        ("integer", ColumnKind.INTEGER, False),
        ("limited", ColumnKind.INTEGER, False),
        ("limited_optional", ColumnKind.INTEGER, True),
        ("number", ColumnKind.FLOAT, False),
        ("amount", ColumnKind.DECIMAL, False),
        ("flag", ColumnKind.BOOLEAN, False),
        ("day", ColumnKind.DATE, False),
        ("moment", ColumnKind.DATETIME, True),
        ("old_style", ColumnKind.TEXT, True),
        ("size", ColumnKind.CHOICE, False),
        ("rank", ColumnKind.CHOICE, False),
        ("mixed", ColumnKind.CHOICE, True),
        ("word", ColumnKind.CHOICE, False),
        ("category", ColumnKind.LINK, True),
        ("categories", ColumnKind.OTHER, False),
        ("tags", ColumnKind.OTHER, False),
        ("short_tags", ColumnKind.OTHER, False),
        ("numbers", ColumnKind.OTHER, False),
        ("place", ColumnKind.OTHER, False),
        ("either", ColumnKind.OTHER, False),
        ("anything", ColumnKind.OTHER, False),
        ("identity", ColumnKind.OTHER, True),
        ("other_id", ColumnKind.OTHER, True),
        ("blob", ColumnKind.OTHER, False),
        ("clock", ColumnKind.OTHER, True),
        ("span", ColumnKind.OTHER, True),
        ("renamed", ColumnKind.INTEGER, False),
    ],
)
def test_kind_follows_the_type(field: str, kind: ColumnKind, *, optional: bool) -> None:
    """Each type of field becomes the kind of column that shows, edits and filters it."""
    assert (COLUMNS[field].kind, COLUMNS[field].optional) == (kind, optional)


def test_columns_come_in_the_order_of_the_fields() -> None:
    """A table shows its columns as the model lists its fields."""
    assert [*COLUMNS] == [name for name in Everything.model_fields if name in COLUMNS]


@pytest.mark.parametrize(
    "field",
    ["password", "pin", "passwords", "named_passwords", "address", "addresses", "hidden", "back", "computed", "id"],
)
def test_secrets_and_what_is_not_stored_are_no_columns(field: str) -> None:
    """A field that is or holds a secret, is left out of dumps or is not stored does not become a column."""
    assert field not in COLUMNS


def test_audit_fields_are_no_columns() -> None:
    """Author, times and revision are the framework's."""
    assert not set(AUDIT_FIELDS) & COLUMNS.keys()


def test_choices_have_values_and_labels() -> None:
    """A choice lists the stored values with what people read."""
    assert COLUMNS["size"].choices == (("small", "Small"), ("extra_large", "Extra large"))
    assert COLUMNS["rank"].choices == ((1, "1"), (2, "2"))
    assert COLUMNS["mixed"].choices == ((0, "0"), ("some text", "Some text"))
    assert COLUMNS["word"].choices == (("one", "One"), ("two words", "Two words"))


def test_numbers_know_their_limits() -> None:
    """Limits come from the field, also where it may be empty."""
    assert COLUMNS["limited"].numbers == {"ge": 0, "lt": 10}
    assert COLUMNS["limited_optional"].numbers == {"gt": 0, "le": 5}
    assert COLUMNS["integer"].numbers == {}


def test_names_for_people_and_for_the_database() -> None:
    """Title and description are those declared, the stored name is the alias."""
    renamed = COLUMNS["renamed"]
    assert (renamed.title, renamed.description, renamed.stored) == (
        "Better name",
        "What it was called before.",
        "old_name",
    )
    assert (COLUMNS["old_style"].title, COLUMNS["old_style"].stored) == ("Old style", "old_style")
    assert stored_name(Everything, "renamed") == "old_name"
    assert stored_name(Everything, "text") == "text"


def test_a_link_knows_where_it_leads() -> None:
    """A link's column names the class, so that its label can be read."""
    assert COLUMNS["category"].target is Category
    assert COLUMNS["text"].target is None


@pytest.mark.parametrize("kind", ColumnKind)
def test_links_and_others_are_neither_sorted_nor_edited(kind: ColumnKind) -> None:
    """Everything else can be sorted by and edited in place."""
    column = Column("a", "a", "A", kind)
    assert column.sortable == (kind not in {ColumnKind.LINK, ColumnKind.OTHER})
    assert column.editable == (kind is not ColumnKind.OTHER)


def test_label_is_declared_or_found() -> None:
    """What names a document is declared, else `name`, `title` or `label`, else the first text."""

    class Declared(CoreDocument):
        name: str
        code: str

        class Settings:
            label = "code"

    class Titled(CoreDocument):
        text: str
        title: str

    class Numbers(CoreDocument):
        number: int

    assert label_field(Declared) == "code"
    assert label_field(Category) == "name"
    assert label_field(Titled) == "title"
    assert label_field(Everything) == "text"
    assert label_field(Numbers) is None
