"""The database for a command, beside a running instance and without one."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from webos.data.endpoint import Endpoint
from webos.kernel.settings import Settings, load_settings
from webos.server import access
from webos.server.access import open_database
from webos.server.lock import AlreadyRunningError, InstanceLock
from webos.testing.servers import LiveServer


def settings_for(data_dir: Path) -> Settings:
    return load_settings(data_dir=data_dir, mongo_url=None)


async def test_uses_the_running_instance(instance: LiveServer) -> None:
    """Beside a running instance a command works on that instance's database and leaves it running."""
    instance.start()
    settings = settings_for(instance.data_dir)

    await asyncio.to_thread(instance.wait_ready)
    async with open_database(settings, purpose="demo load") as connection:
        await connection.raw.kept.insert_one({"_id": "a"})
        port = Endpoint.from_file(instance.data_dir / "database" / "endpoint.json").port
        assert connection.address == f"127.0.0.1:{port}"

    assert await asyncio.to_thread(instance.get_json, "/healthz") is not None


async def test_starts_and_stops_a_database(tmp_path: Path) -> None:
    """Without an instance a command starts the database, keeps the folder to itself, and stops it again."""
    settings = settings_for(tmp_path)

    async with open_database(settings, purpose="demo load") as connection:
        await connection.raw.kept.insert_one({"_id": "a"})
        with pytest.raises(AlreadyRunningError, match=r"`webos demo load` \(process \d+\) works on"):
            InstanceLock.acquire(tmp_path, purpose="server")

    InstanceLock.acquire(tmp_path, purpose="server").release()
    assert not (tmp_path / "database" / "server.pid").exists()
    async with open_database(settings, purpose="demo load") as connection:
        assert await connection.raw.kept.count_documents({}) == 1


async def test_commands_take_turns(tmp_path: Path) -> None:
    """A second command waits until the first has ended, for the database goes with it."""
    settings = settings_for(tmp_path)
    order = []

    async def command(name: str) -> None:
        async with open_database(settings, purpose=name):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(command("first"), command("second"))

    assert order in (
        ["first in", "first out", "second in", "second out"],
        ["second in", "second out", "first in", "first out"],
    )


async def test_gives_up_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that waited long enough says which other one is in the way."""
    monkeypatch.setattr(access, "_WAIT_SECONDS", 0.2)

    with InstanceLock.acquire(tmp_path, purpose="import"), pytest.raises(AlreadyRunningError, match="webos import"):
        async with open_database(settings_for(tmp_path), purpose="demo load"):
            pass


async def test_uses_the_url_of_the_settings(tmp_path: Path, mongo_endpoint: Endpoint) -> None:
    """With a URL in the settings nothing is started and no folder is locked."""
    url = mongo_endpoint.url
    if url is None:
        assert mongo_endpoint.password is not None
        account = f"{mongo_endpoint.username}:{mongo_endpoint.password.get_secret_value()}"
        url = SecretStr(f"mongodb://{account}@{mongo_endpoint.address}/?directConnection=true")

    async with open_database(load_settings(data_dir=tmp_path / "none", mongo_url=url), purpose="x") as connection:
        assert connection.address == mongo_endpoint.address

    assert not (tmp_path / "none").exists()
