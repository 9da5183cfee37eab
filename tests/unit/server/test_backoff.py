"""The waits before a dead process is started again."""

from webos.server.backoff import Backoff


def test_doubles_up_to_ten_seconds() -> None:
    """Quick deaths double the wait, which never exceeds ten seconds."""
    backoff = Backoff()

    assert [backoff.after(1.0) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_minute_of_life_makes_it_short_again() -> None:
    """A process that lived for a minute was healthy: the next one is started at once again."""
    backoff = Backoff()
    for _ in range(5):
        backoff.after(59.0)

    assert backoff.after(60.0) == 0.2
    assert backoff.quick_deaths == 1
