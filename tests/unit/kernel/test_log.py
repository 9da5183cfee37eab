"""Logging: one format for all that the process and its libraries say.

Logging is set for a whole process, so each test looks at what a process of its own has written.
"""

import re
import subprocess
import sys
import textwrap

import pytest

_PREPARE = """
import logging, sys
from uuid import UUID
from loguru import logger
from webos.kernel.context import Principal, acting_as
from webos.kernel.log import configure_logging
ANNA = Principal(id=UUID(int=1), username="anna")
"""
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (?P<level>.{8}) "
    r"(?P<trace>\S+) (?P<user>\S+) (?P<module>\S+) (?P<message>.*)"
)


def written(script: str, level: str = "INFO") -> str:
    """Run a script in a process of its own and return what it wrote to standard error."""
    text = f"{_PREPARE}\nconfigure_logging({level!r})\n{textwrap.dedent(script)}"
    command = [sys.executable, "-c", text]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own script
    assert ended.stdout == ""
    return ended.stderr


def lines(script: str, level: str = "INFO") -> list[tuple[str, ...]]:
    """Return level, trace, user, module and message of each line."""
    found = [(line, LINE.fullmatch(line)) for line in written(script, level).splitlines()]
    assert [line for line, match in found if match is None] == []
    return [tuple(part.strip() for part in match.groups()) for _, match in found if match is not None]


def test_each_line_says_trace_user_and_module() -> None:
    """Each line carries the trace of the request, who acts, and where it comes from; dashes where there is none."""
    script = """
    logger.info("a")
    with acting_as(ANNA, "0123456789abcdef0123456789abcdef"):
        logger.bind(module="shop.Orders").warning("b {}", 1)
        logging.getLogger("library").error("c %s", 2)
    logger.info("d")
    """
    assert lines(script) == [
        ("INFO", "-", "-", "__main__", "a"),
        ("WARNING", "01234567", "anna", "shop.Orders", "b 1"),
        ("ERROR", "01234567", "anna", "library", "c 2"),
        ("INFO", "-", "-", "__main__", "d"),
    ]


def test_the_standard_librarys_logging_is_taken_along() -> None:
    """What libraries log comes in the same format, with its own level, also with braces and percent signs in it."""
    script = """
    log = logging.getLogger("some.library")
    log.info("a {x} %s", "{y} 100%")
    log.log(25, "b")
    logging.getLogger("uvicorn.error").warning("c")
    logging.getLogger("uvicorn.access").info("quiet")
    logging.getLogger("pymongo.topology").info("quiet")
    logging.getLogger("engineio.server").info("quiet: client id")
    log.debug("too low")
    """
    assert [(line[0], line[3], line[4]) for line in lines(script)] == [
        ("INFO", "some.library", "a {x} {y} 100%"),
        ("Level 25", "some.library", "b"),
        ("WARNING", "uvicorn.error", "c"),
    ]


def test_a_librarys_mistake_in_a_log_call_harms_nobody() -> None:
    """A log call whose arguments do not fit is told without them, and the code that made it goes on."""
    script = """
    logging.getLogger("library").warning("%d of %d", "hunter2")
    logging.getLogger("library").warning("after")
    """
    found = lines(script)
    assert [line[4] for line in found] == ["%d of %d", "after"]


@pytest.mark.parametrize(("level", "shown"), [("TRACE", 6), ("DEBUG", 5), ("INFO", 4), ("WARNING", 2), ("ERROR", 1)])
def test_the_level_is_the_lowest_shown(level: str, shown: int) -> None:
    """Nothing below the level of the settings is written."""
    script = "[logger.log(level, 'x') for level in ('TRACE', 'DEBUG', 'INFO', 'SUCCESS', 'WARNING', 'ERROR')]"
    assert len(lines(script, level)) == shown


def test_libraries_say_nothing_below_info() -> None:
    """Some libraries log whole requests as DEBUG, cookies and all; that is never written."""
    assert lines("logging.getLogger('websockets.server').debug('cookie')", "TRACE") == []


def test_a_traceback_shows_code_and_no_values() -> None:
    """A logged exception has its traceback, but no value of any variable, neither from us nor from libraries."""
    script = """
    def connect(password):
        raise RuntimeError("no answer")
    def fail():
        connect("hun" + "ter2")
    for log in (logger.exception, logging.getLogger("library").exception):
        try:
            fail()
        except RuntimeError:
            log("it failed")
    """
    text = written(script)
    assert text.count("it failed") == 2
    assert text.count("RuntimeError: no answer") == 2
    assert text.count("in connect") == 2
    assert "hunter2" not in text


def test_configuring_twice_does_not_write_twice() -> None:
    """A second call replaces the first."""
    assert len(lines("configure_logging('INFO')\nlogger.info('a')\nlogging.getLogger('x').info('b')")) == 2


def test_what_is_bound_wins() -> None:
    """A trace that is bound to a logger is not replaced by that of the context."""
    script = """
    with acting_as(ANNA, "context0"):
        logger.bind(trace_id="bound000", user="bert").info("a")
    """
    assert lines(script) == [("INFO", "bound000", "bert", "__main__", "a")]


def test_a_message_cannot_pretend_to_be_a_line() -> None:
    """A line break in what somebody typed does not begin a line of the log."""
    script = r"""
    logger.info("sign-in of {}", "x\n2026-01-01 00:00:00.000 INFO     - - forged all is well")
    logging.getLogger("library").info("a\r\nb\x1b[2Jc")
    """
    found = lines(script)
    assert len(found) == 2
    assert "\\n2026-01-01" in found[0][4]
    assert found[1][4] == "a\\r\\nb\\x1b[2Jc"
