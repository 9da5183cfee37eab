"""The messenger."""

from collections.abc import Callable
from uuid import uuid4

from webos.kernel.context import Principal, acting_as
from webos.kernel.messenger import Messenger, Notification, Severity

ANNA = Principal(id=uuid4(), username="anna")
BERT = Principal(id=uuid4(), username="bert")


def test_tells_the_acting_user_through_every_channel() -> None:
    """Each channel gets each notification, in order, for whoever acts, with its severity."""
    messenger = Messenger()
    first: list[Notification] = []
    second: list[Notification] = []
    messenger.attach(first.append)
    messenger.attach(second.append)
    with acting_as(ANNA):
        messenger.info("a")
        messenger.success("b")
        with acting_as(BERT):
            messenger.warning("c")
        messenger.error("<b>d</b>")
    assert first == second
    assert first == [
        Notification(ANNA.id, Severity.INFO, "a"),
        Notification(ANNA.id, Severity.SUCCESS, "b"),
        Notification(BERT.id, Severity.WARNING, "c"),
        Notification(ANNA.id, Severity.ERROR, "<b>d</b>"),
    ]


def test_a_broken_channel_harms_nobody() -> None:
    """What a channel raises reaches neither the sender nor the other channels."""
    messenger, seen = Messenger(), list[Notification]()

    def broken(_: Notification) -> None:
        msg = "no browser"
        raise RuntimeError(msg)

    messenger.attach(broken)
    messenger.attach(seen.append)
    with acting_as(ANNA):
        messenger.info("a")
    assert [each.message for each in seen] == ["a"]


def test_a_channel_may_leave_while_it_is_told() -> None:
    """A channel that detaches itself does not make the next one miss the notification."""
    messenger, seen = Messenger(), list[str]()

    def once(name: str) -> Callable[[Notification], None]:
        def channel(_: Notification) -> None:
            seen.append(name)
            messenger.detach(channel)

        return channel

    for name in ("first", "second", "third"):
        messenger.attach(once(name))
    with acting_as(ANNA):
        messenger.info("a")
        messenger.info("b")
    assert seen == ["first", "second", "third"]


def test_a_notification_for_nobody_is_dropped() -> None:
    """Without a user there is nobody to tell, which is no reason to fail."""
    messenger, seen = Messenger(), list[Notification]()
    messenger.attach(seen.append)
    messenger.info("a")
    assert seen == []
