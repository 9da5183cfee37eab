"""The state of a module, and what is told of its failure."""

from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from webos.kernel.errors import ModuleNotRunningError
from webos.kernel.manifest import ModuleManifest
from webos.kernel.module import Module, ModuleState, Phase


@pytest.fixture
def module() -> Module:
    return Module("shop", Path("/modules/shop"), "webos_modules.shop", ModuleManifest(name="shop", title="My shop"))


class Limits(BaseModel):
    """Settings of which one is wrong."""

    key: SecretStr
    most: int


def test_what_is_raised_marks_the_module(module: Module) -> None:
    """An exception in its boot goes no further and is kept with phase, one line and traceback."""
    with module.isolated(Phase.SERVICES):
        msg = "the printer is on fire"
        raise OSError(msg)
    assert module.state is ModuleState.FAILED
    assert module.failure is not None
    assert module.failure.phase is Phase.SERVICES
    assert module.failure.reason == "OSError: the printer is on fire"
    assert "raise OSError(msg)" in module.failure.traceback


def test_the_first_failure_stays(module: Module) -> None:
    """What follows from a failure does not hide it."""
    module.fail(Phase.IMPORT, "first")
    module.fail(Phase.STARTUP, "second")
    assert module.failure is not None
    assert (module.failure.phase, module.failure.reason) == (Phase.IMPORT, "first")


def test_an_exit_is_a_failure_like_any_other(module: Module) -> None:
    """A module that wants to end the process only ends itself."""
    with module.isolated(Phase.IMPORT):
        raise SystemExit(3)
    assert module.failure is not None
    assert module.failure.reason == "SystemExit: 3"


@pytest.mark.parametrize("signal", [KeyboardInterrupt, GeneratorExit])
def test_what_is_not_the_modules_doing_goes_on(module: Module, signal: type[BaseException]) -> None:
    """Ctrl+C while a module is imported is meant for the server."""
    with pytest.raises(signal), module.isolated(Phase.IMPORT):
        raise signal
    assert module.state is ModuleState.FOUND


def test_an_error_without_words_is_named_by_its_kind(module: Module) -> None:
    """Where the exception says nothing its type does."""
    with module.isolated(Phase.IMPORT):
        raise ZeroDivisionError
    assert module.failure is not None
    assert module.failure.reason == "ZeroDivisionError"


def test_a_syntax_error_says_where(module: Module) -> None:
    """Of a syntax error people read file and line."""
    with module.isolated(Phase.IMPORT):
        compile("x = 1\ndef:\n", "/modules/shop/models.py", "exec")
    assert module.failure is not None
    assert module.failure.reason == "SyntaxError: invalid syntax (models.py, line 2)"


def test_the_reason_is_one_line(module: Module) -> None:
    """A message of many lines becomes one, and a very long one is cut."""
    with module.isolated(Phase.IMPORT):
        raise ValueError("first\n   second\n\n" + "x" * 5000)  # noqa: EM102, TRY003, RUF100 - an example
    assert module.failure is not None
    assert module.failure.reason.startswith("ValueError: first second xxx")
    assert "\n" not in module.failure.reason
    assert len(module.failure.reason) <= 500


def test_values_that_do_not_validate_are_not_repeated(module: Module) -> None:
    """Of settings that do not fit people read which field and why, and never the value."""
    stored = {"key": 4711, "most": "hunter2"}
    with module.isolated(Phase.SETTINGS):
        Limits.model_validate(stored)
    assert module.failure is not None
    assert module.failure.reason == (
        "ValidationError: key: Input should be a valid string; "
        "most: Input should be a valid integer, unable to parse string as an integer"
    )
    assert "hunter2" not in module.failure.traceback
    assert "4711" not in module.failure.traceback


def test_only_a_running_module_serves(module: Module) -> None:
    """In every state but running the module answers that it does not run, by the name people know."""
    for state in ModuleState:
        module.state = state
        if state is ModuleState.RUNNING:
            module.demand_running()
            continue
        with pytest.raises(ModuleNotRunningError, match=f"module shop is {state.value}") as caught:
            module.demand_running()
        assert caught.value.user_message == "The module “My shop” is not running."
        assert caught.value.status == 503
