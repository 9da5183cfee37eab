"""The signing key: security cases 18 and 28 as far as they concern it."""

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from webos.auth import secret_key
from webos.kernel.errors import ConfigurationError
from webos.kernel.settings import Settings, load_settings


def settings_in(folder: Path, key: str | None = None) -> Settings:
    return Settings(data_dir=folder, secret_key=SecretStr(key) if key else None, _env_file=None)


def test_settings_come_first(tmp_path: Path) -> None:
    """A configured key is used as it is, and no file is made."""
    assert secret_key(settings_in(tmp_path, "k" * 32)) == b"k" * 32
    assert list(tmp_path.iterdir()) == []


def test_made_once(tmp_path: Path) -> None:
    """Without one a random key is made in the data folder, readable for its owner only, and found again."""
    folder = tmp_path / "data"
    first = secret_key(settings_in(folder))
    assert len(first) == 32
    assert secret_key(settings_in(folder)) == first
    assert [path.name for path in folder.iterdir()] == ["secret_key"]
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert secret_key(settings_in(tmp_path / "other")) != first


def _make(folder: Path, queue: "multiprocessing.SimpleQueue[bytes]", barrier: Any) -> None:
    barrier.wait()
    queue.put(secret_key(settings_in(folder)))


def test_many_processes_at_once_make_one_key(tmp_path: Path) -> None:
    """Processes that start together all get the same, whole key."""
    context = multiprocessing.get_context("fork")
    queue, barrier = context.SimpleQueue(), context.Barrier(8)
    processes = [context.Process(target=_make, args=(tmp_path, queue, barrier)) for _ in range(8)]
    for process in processes:
        process.start()
    keys = {queue.get() for _ in processes}
    for process in processes:
        process.join()
    assert len(keys) == 1
    assert len(keys.pop()) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_refuses_a_key_that_others_can_read(tmp_path: Path) -> None:
    """A file with loose rights is not trusted, and the message says what to do."""
    secret_key(settings_in(tmp_path))
    (tmp_path / "secret_key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        secret_key(settings_in(tmp_path))


def test_refuses_a_damaged_key(tmp_path: Path) -> None:
    """A short file is not padded or taken as it is."""
    (tmp_path / "secret_key").write_bytes(b"short")
    (tmp_path / "secret_key").chmod(0o600)
    with pytest.raises(ConfigurationError, match="damaged"):
        secret_key(settings_in(tmp_path))


@pytest.mark.parametrize("key", ["k", "k" * 31])
def test_refuses_a_short_secret(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configured key below 32 bytes is refused by the name of its variable, and not repeated."""
    monkeypatch.setenv("WEBOS_SECRET_KEY", f"{key}")
    with pytest.raises(ConfigurationError, match=r"WEBOS_SECRET_KEY.*32 bytes") as caught:
        load_settings()
    assert key * 2 not in str(caught.value)


def test_production_needs_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """In production no key is made up."""
    monkeypatch.delenv("WEBOS_SECRET_KEY", raising=False)
    monkeypatch.setenv("WEBOS_ENV", "production")
    with pytest.raises(ConfigurationError, match="WEBOS_SECRET_KEY must be set"):
        load_settings()
