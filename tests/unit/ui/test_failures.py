"""What a user is told of an error."""

from collections.abc import Iterator

import pytest
from loguru import logger

from webos.kernel.context import SYSTEM, acting_as
from webos.kernel.errors import ConflictError, PermissionDeniedError, UnavailableError
from webos.kernel.messenger import Severity
from webos.ui.failures import explain


@pytest.fixture
def lines() -> Iterator[list[str]]:
    kept: list[str] = []
    identity = logger.add(lambda message: kept.append(str(message)), format="{level} {message} {exception}")
    yield kept
    logger.remove(identity)


def test_an_expected_error_is_told_as_it_is(lines: list[str]) -> None:
    """Its message, its fields, a warning; the log has one line without a traceback."""
    told = explain(ConflictError("taken", fields={"sku": "In use."}))
    assert (told.message, told.detail, told.fields, told.severity) == (
        "taken",
        "",
        {"sku": "In use."},
        Severity.WARNING,
    )
    assert len(lines) == 1
    assert "Traceback" not in lines[0]


def test_a_message_for_the_user_wins_over_the_one_for_the_log() -> None:
    """The latter may name internals."""
    assert explain(PermissionDeniedError("ada lacks x", user_message="You need x.")).message == "You need x."


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), UnavailableError("secret host 10.0.0.1")])
def test_anything_else_shows_a_reference_and_no_internals(error: Exception, lines: list[str]) -> None:
    """The reference is the beginning of the trace id; the log has the traceback."""
    with acting_as(SYSTEM, "0123456789abcdef"):
        told = explain(error)
    assert told.detail == "Reference 01234567"
    assert "secret" not in told.message + told.detail
    assert told.severity is Severity.ERROR
    assert "secret" in lines[0]
