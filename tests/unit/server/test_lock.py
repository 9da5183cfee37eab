"""The lock of a data folder."""

import os
from pathlib import Path

import pytest

from webos.server.lock import AlreadyRunningError, Holder, InstanceLock


def test_second_taker_learns_who_holds_it(tmp_path: Path) -> None:
    """Who comes second gets an error with the process and the address of the first."""
    with (
        InstanceLock.acquire(tmp_path, purpose="server", address="http://localhost:8080"),
        pytest.raises(AlreadyRunningError, match=f"http://localhost:8080 .process {os.getpid()}") as caught,
    ):
        InstanceLock.acquire(tmp_path, purpose="server")

    assert caught.value.holder == Holder(os.getpid(), "server", "http://localhost:8080")


def test_released_lock_can_be_taken(tmp_path: Path) -> None:
    """After the first has let go the next one gets it."""
    with InstanceLock.acquire(tmp_path, purpose="server"):
        pass

    with InstanceLock.acquire(tmp_path, purpose="demo load"):
        pass


def test_makes_a_private_folder(tmp_path: Path) -> None:
    """A data folder that is made for the lock is closed to other users."""
    with InstanceLock.acquire(tmp_path / "a" / "data", purpose="server"):
        assert (tmp_path / "a" / "data").stat().st_mode & 0o777 == 0o700


def test_holder_without_a_record_is_still_a_holder(tmp_path: Path) -> None:
    """A lock file that nobody has written to yet, or that is damaged, still means that somebody works there."""
    with InstanceLock.acquire(tmp_path, purpose="server"):
        (tmp_path / "webos.lock").write_text("{")

        with pytest.raises(AlreadyRunningError, match="Another WebOS process") as caught:
            InstanceLock.acquire(tmp_path, purpose="server")

    assert caught.value.holder is None
