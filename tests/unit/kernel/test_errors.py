"""The error tree and its problem documents."""

import importlib
import json
import pkgutil
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

import webos
from webos.kernel.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    ModuleNotRunningError,
    NotFoundError,
    NotSignedInError,
    UnavailableError,
    WebOSError,
)


def _tree(base: type[WebOSError]) -> Iterator[type[WebOSError]]:
    yield base
    for child in base.__subclasses__():
        yield from _tree(child)


def framework_errors() -> list[type[WebOSError]]:
    """Return every error class of the framework."""
    for info in pkgutil.walk_packages(webos.__path__, "webos."):
        if "error" in info.name or "refusal" in info.name or info.name == "webos.server.lock":
            importlib.import_module(info.name)
    return sorted(
        {error for error in _tree(WebOSError) if error.__module__.startswith("webos.")}, key=lambda error: error.code
    )


ERRORS = framework_errors()
PLAIN = [error for error in ERRORS if error.__init__ is WebOSError.__init__]
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def test_codes_are_unique() -> None:
    """Programs can tell every error by its code, and each says its own."""
    codes = [error.code for error in ERRORS]
    assert len(codes) > 10
    assert sorted(set(codes)) == codes
    assert [error.__name__ for error in ERRORS if "code" not in error.__dict__] == []


@pytest.mark.parametrize("error", ERRORS)
def test_each_kind_is_complete(error: type[WebOSError]) -> None:
    """Each error has a dotted code, an HTTP status of an error, a title, and a name that ends in Error."""
    assert error.code.startswith("webos.")
    assert 400 <= error.status <= 599
    assert error.title
    assert not error.title.endswith(".")
    assert error.__name__.endswith("Error")
    assert error.__doc__


def test_problem_is_an_rfc_9457_document() -> None:
    """The document has type, title, status, detail, code, the fields' messages and the trace."""
    error = InvalidInputError("The price is negative.", fields={"price": "Must be positive."})
    assert json.loads(json.dumps(error.problem("abc"))) == {
        "type": "urn:webos:error:webos.invalid_input",
        "title": "Please check your input",
        "status": 422,
        "detail": "The price is negative.",
        "code": "webos.invalid_input",
        "errors": {"price": "Must be positive."},
        "trace_id": "abc",
    }


def test_problem_leaves_out_what_there_is_none_of() -> None:
    """Without fields and trace there are no such members."""
    assert NotFoundError().problem().keys() == {"type", "title", "status", "detail", "code"}


@pytest.mark.parametrize("error", [error for error in PLAIN if error.status >= 500])
@given(message=text)
def test_server_error_never_shows_its_message(error: type[WebOSError], message: str) -> None:
    """What a server error says is for the log alone; the user reads its title."""
    raised = error(f"{message}hunter2")
    assert raised.user_message == error.title
    assert "hunter2" not in json.dumps(raised.problem("trace"))
    assert str(raised) == f"{message}hunter2"


@pytest.mark.parametrize("error", [ConflictError, NotFoundError, InvalidInputError])
@given(message=text)
def test_client_error_shows_its_message(error: type[WebOSError], message: str) -> None:
    """What the caller did wrong is told to the caller."""
    assert error(message).problem()["detail"] == message


@pytest.mark.parametrize("error", PLAIN)
def test_user_message_is_what_the_user_reads(error: type[WebOSError]) -> None:
    """An explicit text for the user wins over every default, and the log keeps its own."""
    raised = error("internal", user_message="Please call Anna.")
    assert raised.problem()["detail"] == "Please call Anna."
    assert str(raised) == "internal"


@pytest.mark.parametrize("error", PLAIN)
def test_without_a_message_the_title_speaks(error: type[WebOSError]) -> None:
    """An error raised as a bare class still says something, in the log and to the user."""
    assert str(error()) == error.title
    assert error().user_message == error.title


def test_fields_are_its_own() -> None:
    """What the raiser does later to its dictionary does not change the error."""
    fields = {"a": "x"}
    error = InvalidInputError(fields=fields)
    fields.clear()
    assert error.fields == {"a": "x"}


def test_kinds_can_be_caught_together() -> None:
    """A module that does not run is one case of something being unavailable; a wrong setting is none."""
    assert issubclass(ModuleNotRunningError, UnavailableError)
    assert not issubclass(ConfigurationError, UnavailableError)
    assert NotSignedInError.status == 401
