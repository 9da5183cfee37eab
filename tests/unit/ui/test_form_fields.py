"""What a form asks for, from a model's fields."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field, SecretStr

from webos.data.document import CoreDocument
from webos.ui.form.fields import FormField, form_fields


class Colour(Enum):
    """Two colours."""

    DARK_RED = "dr"
    BLUE = "b"


class Level(IntEnum):
    """An enum of numbers."""

    LOW = 1


class Everything(BaseModel):
    """One field of each kind."""

    text: Annotated[str, Field(min_length=1, max_length=40)]
    nullable: str | None = None
    old_style: Optional[int] = None  # noqa: UP045 - people write it so
    described: str = Field(default="x", title="Own label", description="Own hint.")
    notes: str = ""
    long: Annotated[str, Field(max_length=500)] = ""
    short_note: str = Field(default="", json_schema_extra={"multiline": True})
    count: int = Field(default=3, ge=1, le=10)
    price: Decimal = Field(default=Decimal("1.50"), gt=0)
    ratio: float = 0.5
    flag: bool = True
    colour: Colour = Colour.BLUE
    level: Level = Level.LOW
    size: Literal["s", "l"] = "s"
    day: date = date(2024, 5, 1)
    moment: datetime | None = None
    made: datetime = Field(default_factory=lambda: datetime.now(UTC))
    at: time | None = None
    secret: SecretStr | None = None
    tags: list[str] = Field(default_factory=lambda: ["a"])
    numbers: set[int] = Field(default_factory=set)
    nested: dict[str, Any] = Field(default_factory=dict)
    either: int | str = 1


FIELDS = {field.name: field for field in form_fields(Everything)}


@pytest.mark.parametrize(
    ("name", "kind", "kind_of_input", "value"),
    [
        ("text", "text", "", ""),
        ("nullable", "text", "", ""),
        ("old_style", "number", "", ""),
        ("described", "text", "", "x"),
        ("notes", "lines", "", ""),
        ("long", "lines", "", ""),
        ("short_note", "lines", "", ""),
        ("count", "number", "", "3"),
        ("price", "number", "", "1.50"),
        ("ratio", "number", "", "0.5"),
        ("flag", "bool", "", True),
        ("colour", "choice", "", "b"),
        ("level", "choice", "", "1"),
        ("size", "choice", "", "s"),
        ("day", "text", "date", "2024-05-01"),
        ("moment", "text", "datetime-local", ""),
        ("made", "text", "datetime-local", ""),
        ("at", "text", "time", ""),
        ("secret", "text", "password", ""),
        ("tags", "chips", "", ["a"]),
        ("numbers", "chips", "", []),
        ("nested", "json", "", "{}"),
    ],
)
def test_each_type_becomes_its_kind_of_field(name: str, kind: str, kind_of_input: str, value: object) -> None:
    """With the default as the browser wants it; a moment made by a factory is left to the model."""
    field = FIELDS[name]
    assert (field.shape.kind, field.shape.type, field.value) == (kind, kind_of_input, value)


def test_required_nullable_labels_and_hints() -> None:
    """All of it comes from the field."""
    assert [name for name, field in FIELDS.items() if field.required] == ["text"]
    assert [name for name, field in FIELDS.items() if field.nullable] == [
        "nullable",
        "old_style",
        "moment",
        "at",
        "secret",
    ]
    assert FIELDS["described"].label == "Own label"
    assert FIELDS["described"].hint == "Own hint."
    assert FIELDS["old_style"].label == "Old style"
    assert FIELDS["count"].hint == "At least 1 and at most 10."
    assert FIELDS["price"].hint == "More than 0."


def test_what_everybody_expects_needs_no_hint() -> None:
    """A stock of at least 0 is not worth a sentence."""

    class Stock(BaseModel):
        stock: int = Field(ge=0)

    assert form_fields(Stock)[0].hint == ""


def test_choices_have_readable_labels() -> None:
    """From the member's name, not from what is stored."""
    assert FIELDS["colour"].shape.options == (
        {"value": "dr", "label": "Dark red"},
        {"value": "b", "label": "Blue"},
    )


def test_a_document_is_asked_for_its_own_fields_only() -> None:
    """Neither id nor audit fields."""

    class Thing(CoreDocument):
        name: str

    assert [field.name for field in form_fields(Thing)] == ["name"]


def test_fields_can_be_chosen_ordered_and_filled() -> None:
    """And a field that is not there is an error of the programmer."""
    chosen = form_fields(Everything, ["size", "text"], {"text": "given"})
    assert [(field.name, field.value) for field in chosen] == [("size", "s"), ("text", "given")]
    with pytest.raises(KeyError):
        form_fields(Everything, ["missing"])


def test_the_browser_gets_no_more_than_it_needs() -> None:
    """What is empty is left out, and a secret's default is never sent."""
    sent = FIELDS["text"].for_browser()
    assert sent == {"name": "text", "label": "Text", "kind": "text", "required": True, "value": "", "maxLength": 40}
    filled: FormField = form_fields(Everything, ["secret"], {"secret": SecretStr("hunter2")})[0]
    assert filled.for_browser()["value"] == ""
