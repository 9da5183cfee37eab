"""The local database server by itself."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import PyMongoError

from webos.data.connection import Connection
from webos.data.embedded import EmbeddedServer
from webos.data.embedded.certificates import Certificates
from webos.data.embedded.folder import DatabaseFolder
from webos.data.embedded.process import ServerProcess, bound_log, unused_port
from webos.data.embedded.secantus import Secantus
from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A server on an empty folder, not started yet, stopped in the end."""
    server = EmbeddedServer(tmp_path)
    yield server
    await server.stop()


async def insert(endpoint: Endpoint, key: str) -> None:
    connection = await Connection.open(endpoint, "webos")
    await connection.raw.kept.insert_one({"_id": key})
    await connection.close()


async def kept(endpoint: Endpoint) -> list[str]:
    connection = await Connection.open(endpoint, "webos")
    found = [document["_id"] async for document in connection.raw.kept.find()]
    await connection.close()
    return found


async def test_keeps_its_port(server: EmbeddedServer) -> None:
    """The port is chosen at the first start and stays, so that what connected before can connect again."""
    first = await server.start()
    await server.stop()

    assert (await server.start()).port == first.port


async def test_taken_port_is_left(server: EmbeddedServer) -> None:
    """A port that another program has taken meanwhile is given up for a free one, with the data as it was."""
    first = await server.start()
    await insert(first, "a")
    await server.stop()

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        second = await server.start()

    assert second.port != first.port
    assert await kept(second) == ["a"]


async def test_orphan_is_stopped(server: EmbeddedServer, tmp_path: Path) -> None:
    """A server that an earlier run left on the same folder is stopped first; its data is found."""
    first = await server.start()
    await insert(first, "a")
    orphan = server.pid
    assert orphan is not None
    successor = EmbeddedServer(tmp_path)

    second = await successor.start()

    assert await server.wait() == 0, "asked to stop, not killed"
    assert successor.pid != orphan
    assert await kept(second) == ["a"]
    await successor.stop()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has nothing to do with us."""
    process = subprocess.Popen(["/bin/sleep", "60"])
    yield process
    process.kill()
    process.wait()


async def test_other_process_under_the_old_id_is_spared(
    server: EmbeddedServer, tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    """A process that has got the id of the last server since is not ours and goes on."""
    (tmp_path / "database").mkdir()
    (tmp_path / "database" / "server.pid").write_text(str(stranger.pid))

    await server.start()

    assert stranger.poll() is None


async def test_interrupted_set_up_is_begun_again(server: EmbeddedServer, tmp_path: Path) -> None:
    """What a set-up that was killed half-way left behind does not stand in the way of the next."""
    folder = DatabaseFolder.below(tmp_path)
    folder.prepare()
    draft = folder.begin_storage("secantusd-rs")
    (draft / "WiredTiger.wt").write_bytes(b"half a file")

    await insert(await server.start(), "a")

    assert not draft.exists()


async def test_lost_account_is_told(server: EmbeddedServer, tmp_path: Path) -> None:
    """Data whose password is gone is not replaced by an empty database; the message says what to do."""
    await server.start()
    await server.stop()
    (tmp_path / "database" / "account.json").unlink()

    with pytest.raises(StartupError, match=r"account\.json.*backup"):
        await server.start()


async def test_server_that_dies_at_once_is_told(server: EmbeddedServer, tmp_path: Path) -> None:
    """What the server said before it died is in the message."""
    await server.start()
    await server.stop()
    (tmp_path / "database" / "secantusd-rs" / "WiredTiger.turtle").write_bytes(b"nonsense")
    (tmp_path / "database" / "secantusd-rs" / "WiredTiger.wt").write_bytes(b"nonsense")

    with pytest.raises(StartupError, match=r"ended at once with code .*: .+server\.log"):
        await server.start()


async def test_nobody_gets_in_during_set_up(tmp_path: Path) -> None:
    """While the first account is made, who shows no certificate of ours gets no answer at all."""
    program, folder, port = Secantus.find(), DatabaseFolder.below(tmp_path), unused_port()
    assert program is not None
    folder.prepare()
    draft = folder.begin_storage(program.name)
    certificates = Certificates.create(draft)
    process = ServerProcess(program.setup_command(folder, port, certificates), folder.log)
    await process.ready(lambda log: program.says_ready(log, port))
    ours = {"tls": True, "tlsCAFile": str(certificates.authority), "tlsCertificateKeyFile": str(certificates.client)}
    strangers: list[dict[str, Any]] = [
        {},
        {"tls": True, "tlsAllowInvalidCertificates": True},
        {"tls": True, "tlsAllowInvalidCertificates": True, "tlsCertificateKeyFile": str(_foreign(tmp_path).client)},
    ]

    def create_account(options: dict[str, Any]) -> None:
        with pymongo.MongoClient[dict[str, Any]](
            "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=1000, **options
        ) as client:
            client.admin.command("createUser", "mallory", pwd="secret", roles=["root"])

    for options in strangers:
        with pytest.raises(PyMongoError):
            create_account(options)
    create_account(ours)
    await process.stop()


def _foreign(tmp_path: Path) -> Certificates:
    folder = tmp_path / "foreign"
    folder.mkdir()
    return Certificates.create(folder)


async def test_killed_server_is_seen(server: EmbeddedServer) -> None:
    """`wait` returns when the server dies, with the signal that ended it."""
    await server.start()
    assert server.pid is not None

    os.kill(server.pid, signal.SIGKILL)

    assert await server.wait() == -signal.SIGKILL


async def test_hanging_server_is_seen(server: EmbeddedServer) -> None:
    """A server that runs but answers nothing is noticed; one that answers is not."""
    await server.start()
    assert server.pid is not None
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(server.hangs(every=0.1, failures=2), 1)

    os.kill(server.pid, signal.SIGSTOP)

    await asyncio.wait_for(server.hangs(every=0.1, failures=2), 10)
    server.kill()


def test_log_is_cut_to_its_end(tmp_path: Path) -> None:
    """A log that grew large keeps its last lines, whole, and a writer that has it open goes on behind them."""
    log = tmp_path / "server.log"
    with log.open("ab") as writer:
        for number in range(600_000):
            writer.write(b"%09d\n" % number)
        writer.flush()

        bound_log(log)
        writer.write(b"after\n")

    lines = log.read_text().splitlines()
    assert log.stat().st_size < 300_000
    assert lines[-2:] == ["000599999", "after"]
    assert {len(line) for line in lines[:-1]} == {9}
