"""Whom the messenger tells, and what it lets through."""

from uuid import uuid4

import pytest

from webos.kernel.context import ANONYMOUS, SYSTEM, Principal, acting_as
from webos.kernel.messenger import Messenger, Notification


@pytest.fixture
def heard() -> list[Notification]:
    return []


@pytest.fixture
def messenger(heard: list[Notification]) -> Messenger:
    messenger = Messenger()
    messenger.attach(heard.append)
    return messenger


@pytest.mark.parametrize("nobody", [SYSTEM, ANONYMOUS], ids=["system", "visitor"])
def test_system_and_visitors_are_told_nothing(
    messenger: Messenger, heard: list[Notification], nobody: Principal
) -> None:
    """There is nobody who could read it."""
    with acting_as(nobody):
        messenger.success("Done")
    assert heard == []


@pytest.mark.parametrize("link", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/a b"])
def test_a_link_that_leads_elsewhere_is_dropped(messenger: Messenger, heard: list[Notification], link: str) -> None:
    """The message arrives all the same."""
    with acting_as(Principal(uuid4(), "anna")):
        messenger.warning("Look", link=link)
    assert [(each.message, each.link) for each in heard] == [("Look", "")]


def test_a_link_within_the_application_stays(messenger: Messenger, heard: list[Notification]) -> None:
    """Paths with parameters too; and a message is no longer than a notification may be."""
    with acting_as(Principal(uuid4(), "anna", viewer="root")):
        messenger.info("x" * 5000, link="/orders/7?tab=lines")
    assert heard[0].link == "/orders/7?tab=lines"
    assert len(heard[0].message) == 1000
    assert heard[0].viewer == "root"
