"""Which fields are secrets, and which cannot be."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, SecretStr, create_model

from webos.data.secret import SearchableSecret, Secret
from webos.data.secret.fields import holds_secret, secret_fields


class Inner(BaseModel):
    """A model with a secret."""

    key: Secret


@dataclass
class Data:
    """A dataclass with one."""

    key: Secret


class Outer(BaseModel):
    """A model with all forms that are possible."""

    plain: str
    other: SecretStr
    one: Secret
    two: Secret | None = None
    three: Annotated[Secret, SearchableSecret()]
    four: Annotated[Secret | None, SearchableSecret()] = None
    five: Annotated[Secret, SearchableSecret()] | None = None
    six: Secret = Field(alias="sixth", title="Six")


def test_secrets_are_found_by_their_stored_names() -> None:
    """All forms are found, with their stored names, and those that are searchable."""
    found = {"one": False, "two": False, "three": True, "four": True, "five": True, "sixth": False}

    assert secret_fields(Outer) == found


@pytest.mark.parametrize(
    "annotation",
    [list[Secret], dict[str, Secret], tuple[int, Secret], Inner, Inner | None, list[Inner], Secret | int, Data,
     Annotated[list[Secret], "x"], dict[str, list[Inner]]],
)  # fmt: skip
def test_a_secret_inside_of_something_is_refused(annotation: Any) -> None:
    """A model whose secret would not be sealed is refused, with the name of the field."""
    model = create_model("Model", field=(annotation, ...))

    with pytest.raises(ValueError, match=r"Model\.field holds a secret inside"):
        secret_fields(model)
    assert holds_secret(annotation)


@pytest.mark.parametrize("annotation", [str, list[str], dict[str, Any], SecretStr, BaseModel, Any])
def test_others_are_none(annotation: Any) -> None:
    """Fields without a secret are left alone."""
    assert secret_fields(create_model("Model", field=(annotation, ...))) == {}
