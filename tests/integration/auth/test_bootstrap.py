"""Security case 28: the first administrator."""

import asyncio
import multiprocessing
import re
from pathlib import Path
from typing import Any

import pytest
from loguru import logger
from pydantic import SecretStr

from tests.integration.auth.site import cheap_hasher
from webos.auth import AuthService, ensure_administrator
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError
from webos.kernel.settings import Settings


def settings_for(tmp_path: Path, **options: Any) -> Settings:
    return Settings(data_dir=tmp_path, _env_file=None, **options)


async def service(mongo: Connection, settings: Settings) -> AuthService:
    auth = AuthService(mongo, settings, hasher=cheap_hasher())
    await auth.start()
    return auth


def printed_password(text: str) -> str:
    found = re.findall(r"^│  Password   (\S+) +│$", text, re.MULTILINE)
    assert len(found) == 1, text
    return str(found[0])


async def test_random_password_is_printed_once(
    mongo: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a configured password a random one stands in a box on standard error, at the first start only."""
    logged: list[str] = []
    sink = logger.add(lambda message: logged.append(str(message)), level="TRACE")
    settings = settings_for(tmp_path)
    auth = await service(mongo, settings)
    await ensure_administrator(auth, settings)
    logger.remove(sink)
    printed = capsys.readouterr()
    password = printed_password(printed.err)
    assert len(password) == 16
    assert printed.out == ""
    assert password not in "".join(logged)
    _, sign_in = await auth.sign_in("admin", password, address="10.0.0.1")
    assert sign_in.principal.is_superuser
    await ensure_administrator(auth, settings)
    assert capsys.readouterr().err.count("Password") == 0


async def test_configured_password_is_not_printed(
    mongo: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A password from the environment is used, and shown nowhere."""
    settings = settings_for(tmp_path, admin_username="chief", admin_password=SecretStr("very secret"))
    auth = await service(mongo, settings)
    await ensure_administrator(auth, settings)
    printed = capsys.readouterr()
    assert "very secret" not in printed.err + printed.out
    await auth.sign_in("chief", "very secret", address="10.0.0.1")


async def test_existing_superuser_is_enough(mongo: Connection, tmp_path: Path) -> None:
    """Nothing is made where somebody can administer already, and a changed variable changes nothing."""
    settings = settings_for(tmp_path, admin_password=SecretStr("very secret"))
    auth = await service(mongo, settings)
    await auth.create_user("root", "another secret", is_superuser=True)
    await ensure_administrator(auth, settings)
    assert [user.username for user in await auth.list_users()] == ["root"]


async def test_name_of_an_ordinary_user_is_not_promoted(mongo: Connection, tmp_path: Path) -> None:
    """Who happened to take the name does not become administrator; the start says what to do."""
    settings = settings_for(tmp_path)
    auth = await service(mongo, settings)
    await auth.create_user("Admin", "ordinary one")
    with pytest.raises(StartupError, match="--superuser"):
        await ensure_administrator(auth, settings)
    account = await auth.find_user("admin")
    assert account is not None
    assert not account.is_superuser


def _boot(endpoint: Endpoint, database: str, folder: Path, name: str, *, barrier: Any, results: Any) -> None:
    async def run() -> None:
        connection = await Connection.open(endpoint, database)
        settings = settings_for(folder, admin_username=name, admin_password=SecretStr(f"{name} password"))
        auth = AuthService(connection, settings, hasher=cheap_hasher())
        await auth.start()
        await asyncio.to_thread(barrier.wait)
        await ensure_administrator(auth, settings)
        await connection.close()

    try:
        asyncio.run(run())
    except Exception as error:  # noqa: BLE001 - told to the test
        results.put(repr(error))
    else:
        results.put("")


def test_processes_that_start_at_once_make_one(mongo_endpoint: Endpoint, tmp_path: Path) -> None:
    """Of several first starts at the same moment one makes the administrator, also under different names."""
    names = ["admin", "admin", "chief", "chief"]
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    meeting = {"barrier": context.Barrier(len(names)), "results": results}
    database = f"test_boot_{tmp_path.name[:20]}"
    processes = [
        context.Process(target=_boot, args=(mongo_endpoint, database, tmp_path, name), kwargs=meeting) for name in names
    ]
    for process in processes:
        process.start()
    assert [results.get() for _ in processes] == [""] * len(names)
    for process in processes:
        process.join()

    async def check() -> None:
        connection = await Connection.open(mongo_endpoint, database)
        users = await connection.raw["webos_users"].find().to_list()
        await connection.client.drop_database(database)
        await connection.close()
        assert [user["is_superuser"] for user in users] == [True]

    asyncio.run(check())
