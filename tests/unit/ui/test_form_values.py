"""What a browser sends, as the model's input, and what the model says of it."""

from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator

from webos.data.secret import Secret
from webos.ui.form.fields import form_fields
from webos.ui.form.messages import messages_of
from webos.ui.form.values import InvalidJsonError, read_values


class Kind(Enum):
    """One kind."""

    A = "a"


class Item(BaseModel):
    """A model with something of everything."""

    name: str = Field(min_length=2, max_length=5)
    note: str | None = None
    text: str = "default"
    count: int = 3
    price: Decimal = Field(ge=0, decimal_places=2)
    flag: bool = True
    tags: list[str] = Field(default_factory=list, max_length=2)
    kind: Kind = Kind.A
    secret: SecretStr | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _no_x(cls, value: str) -> str:
        if value == "xx":
            msg = "x is taken"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _together(self) -> "Item":
        if self.count > 100 and self.price > 100:
            msg = "too much of a good thing"
            raise ValueError(msg)
        return self


FIELDS = form_fields(Item)


def read(**sent: Any) -> dict[str, Any]:
    return read_values(FIELDS, sent)


def errors(**sent: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        Item.model_validate(read(**sent))
    return messages_of(caught.value)


def test_empty_fields_leave_the_default_to_the_model() -> None:
    """An empty number is no zero and an empty optional is None; an empty text that may be empty stays empty."""
    assert read(name="", note=" ", text="", count="", price="", kind="", secret="") == {
        "note": None,
        "text": "",
        "flag": False,
        "tags": [],
        "secret": None,
    }


def test_spaces_around_a_text_are_a_slip_but_not_in_a_secret() -> None:
    """A password may begin with one."""
    found = read(name=" ab ", secret=" s ")
    assert (found["name"], found["secret"]) == ("ab", " s ")


def test_only_fields_of_the_form_are_read() -> None:
    """Whatever else is sent does not exist."""
    assert "created_by" not in read(name="ab", created_by="me", id="1")


def test_json_is_read_and_refused_by_its_field() -> None:
    """The error names the field."""
    assert read(extra='{"a": [1]}')["extra"] == {"a": [1]}
    with pytest.raises(InvalidJsonError) as caught:
        read(extra="{")
    assert caught.value.field == "extra"


def test_messages_are_in_the_users_words() -> None:
    """One for each wrong field."""
    assert errors(name="a", count="many", price="-1", tags=["1", "2", "3"], kind="b") == {
        "name": "At least 2 characters.",
        "count": "Please enter a whole number.",
        "price": "Must be at least 0.",
        "tags": "At most 2 of them.",
        "kind": "Please choose one of the options.",
    }
    assert errors(name="abcdef", price="1.234") == {
        "name": "At most 5 characters.",
        "price": "At most 2 digits after the point.",
    }
    assert errors() == {"name": "Please fill this in.", "price": "Please fill this in."}


def test_a_models_own_words_are_kept() -> None:
    """A validator's message stands at its field; that of the whole model stands alone."""
    assert errors(name="xx", price="1") == {"name": "x is taken."}
    assert errors(name="ab", price="200", count="200") == {"": "too much of a good thing."}


def test_a_message_never_repeats_the_input() -> None:
    """What was typed may be a password."""
    assert not any(
        "hunter2" in message for message in errors(name="hunter2", count="hunter2", price="hunter2").values()
    )


def test_a_stored_secret_stays_where_nothing_is_typed() -> None:
    """A form over a stored secret sends nothing of it, does not require it, and keeps it unless something is typed."""

    class Login(BaseModel):
        password: Secret

    stored = Secret.stored({"key": "k", "nonce": b"n", "text": b"t"})
    (field,) = form_fields(Login, values={"password": stored})
    assert (field.value, field.required, field.shape.type) == ("", False, "password")
    assert read_values([field], {"password": ""}) == {"password": stored}
    assert read_values([field], {"password": "new"}) == {"password": "new"}
    (empty,) = form_fields(Login)
    assert empty.required
    assert read_values([empty], {"password": ""}) == {}
