"""The type itself: what it takes, and that it never shows itself."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from webos.data.secret import Secret
from webos.data.secret.value import for_guard, is_sealed

SEALED = {"key": "k", "nonce": b"n", "text": b"t"}


class Model(BaseModel):
    """A model with secrets."""

    one: Secret
    two: Secret | None = None


@given(st.text(min_size=12, alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="•")))
def test_a_text_never_shows(text: str) -> None:
    """Neither the secret nor a model with it shows the text in any usual way to write it."""
    secret = Secret(text)
    model = Model(one=text, two=SecretStr(text))
    written = f"{secret} {secret!r} {secret:s} %s {model} {model!r}" % secret + str(for_guard(secret))

    assert text not in written
    assert text not in model.model_dump_json()
    assert secret.get_secret_value() == model.one.get_secret_value() == text
    assert model.one == model.two == secret


def test_json_gives_no_sealed_one() -> None:
    """What comes as JSON is a text or refused; only the database gives sealed values."""
    adapter = TypeAdapter(Secret)
    for sent in ('{"key": "k", "nonce": "n", "text": "t"}', '{"withheld": ""}', "7", "[]", "{}"):
        with pytest.raises(ValidationError):
            adapter.validate_json(sent)
    assert is_sealed(SEALED)
    assert adapter.validate_python(SEALED).sealed == SEALED


def test_the_dots_are_no_value() -> None:
    """What a reader gets in the place of a secret is refused when it is sent back."""
    with pytest.raises(ValidationError, match="placeholder"):
        Model.model_validate_json(Model(one=Secret("x")).model_dump_json())


def test_it_cannot_be_changed_hashed_or_pickled() -> None:
    """A secret is what it is, also when it is copied, and leaves the process in no pickle."""
    secret = Secret("x")
    assert copy.deepcopy(secret) is secret is copy.copy(secret)
    with pytest.raises(AttributeError):
        secret._content = "y"
    with pytest.raises(TypeError):
        hash(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_secrets_are_compared_by_what_they_hold() -> None:
    """Two texts are equal if they are the same; a sealed one equals only itself, for nobody knows its text."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret.stored(SEALED) == Secret.stored(dict(SEALED)) != Secret("a")
    assert Secret("a") != "a"
