"""The life of an instance: start, stop, deaths of its parts."""

import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pymongo
import pytest
from pymongo.errors import OperationFailure, PyMongoError

from webos.data.endpoint import Endpoint
from webos.testing.servers import LiveServer


def client_of(instance: LiveServer) -> "pymongo.MongoClient[dict[str, Any]]":
    endpoint = Endpoint.from_file(instance.data_dir / "database" / "endpoint.json")
    assert endpoint.password is not None
    return pymongo.MongoClient(
        endpoint.host,
        endpoint.port,
        username=endpoint.username,
        password=endpoint.password.get_secret_value(),
        directConnection=True,
        serverSelectionTimeoutMS=3000,
    )


class Writer(threading.Thread):
    """Writes one document after the other and remembers which were acknowledged."""

    def __init__(self, instance: LiveServer) -> None:
        super().__init__()
        self.acknowledged: list[int] = []
        self._client = client_of(instance)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Write until told to stop."""
        number = 0
        with self._client:
            while not self._stopped.is_set():
                number += 1
                try:
                    self._client.webos.written.insert_one({"_id": number})
                except PyMongoError:
                    continue
                self.acknowledged.append(number)

    def expect_more(self, instance: LiveServer, count: int) -> None:
        """Wait until so many more writes were acknowledged."""
        goal = len(self.acknowledged) + count
        instance.wait_for(lambda: len(self.acknowledged) >= goal, "no writes are acknowledged")

    def stop(self) -> None:
        """End the writing."""
        self._stopped.set()
        self.join(30)


@contextmanager
def writing(instance: LiveServer) -> Iterator[Writer]:
    writer = Writer(instance)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()


def written(instance: LiveServer) -> set[int]:
    with client_of(instance) as client:
        return {document["_id"] for document in client.webos.written.find()}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stops_cleanly(instance: LiveServer, parts: Callable[[LiveServer], Any], how: signal.Signals) -> None:
    """A signal to the supervisor ends all parts, with code 0 and without a traceback."""
    running = parts(instance.start().wait_ready())
    assert running.running == ["supervisor", "database", "web"]

    assert instance.stop(how) == 0

    assert running.running == []
    assert "Traceback" not in instance.output
    assert not (instance.data_dir / "database" / "endpoint.json").exists()


@pytest.mark.parametrize("milliseconds", [300, 800, 1500])
def test_stops_in_the_middle_of_a_start(instance: LiveServer, milliseconds: int) -> None:
    """A stop at any moment of the first start is clean, and the next start works."""
    instance.start()
    instance.wait_for((instance.data_dir / "webos.lock").exists, "it has not begun")
    # The moment itself is what varies here.
    time.sleep(milliseconds / 1000 - 0.3)

    assert instance.stop() == 0

    assert "Traceback" not in instance.output
    assert instance.start().wait_ready().stop() == 0


def test_ctrl_c_at_a_terminal(instance: LiveServer, parts: Callable[[LiveServer], Any]) -> None:
    """SIGINT to the whole terminal group is a clean stop too, although the web process gets it as well."""
    running = parts(instance.start().wait_ready())

    instance.interrupt()

    assert instance.wait() == 0
    assert running.running == []
    assert "Traceback" not in instance.output
    assert "ERROR" not in instance.output


def test_second_ctrl_c_hurries(stand_in: Callable[..., LiveServer], parts: Callable[[LiveServer], Any]) -> None:
    """A second Ctrl+C does not wait for requests that are still served; the database still stops in order."""
    instance = stand_in(environment={"WEBOS_MONGO_URL": None})
    running = parts(instance.start().wait_ready())
    hanging = threading.Thread(target=instance.get_json, args=("/never",))
    hanging.start()
    instance.wait_for(lambda: _connections_to(instance.port) > 0, "the request has not arrived")
    started = time.monotonic()

    instance.interrupt()
    instance.wait_for(lambda: "SIGINT: stopping" in instance.output, "the first Ctrl+C was not heard")
    instance.interrupt()

    assert instance.wait() == 0
    assert time.monotonic() - started < 4, "uvicorn alone gives requests 5 seconds"
    hanging.join()
    assert running.running == []


def _connections_to(port: int) -> int:
    established, wanted = "01", f":{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:  # noqa: PTH123 - a file of the kernel
        rows = [line.split() for line in list(table)[1:]]
    return sum(row[1].endswith(wanted) and row[3] == established for row in rows)


def test_data_outlives_a_restart(instance: LiveServer) -> None:
    """A second start comes within seconds, on the same database, and does not set it up again."""
    instance.start().wait_ready()
    with client_of(instance) as client:
        client.webos.kept.insert_one({"_id": "flight"})
    instance.stop()
    started = time.monotonic()

    instance.start().wait_ready()

    assert time.monotonic() - started < 15
    with client_of(instance) as client:
        assert client.webos.kept.find_one() == {"_id": "flight"}
    assert instance.output.count("setting up the local database") == 1
    assert instance.output.count("is ready") == 2


def test_banner(instance: LiveServer) -> None:
    """The banner says where to go, where the data is, which database is used and how to stop; never a secret."""
    instance.start().wait_ready()
    instance.wait_for(lambda: "Ctrl+C" in instance.output, "no banner")

    assert f"http://localhost:{instance.port}" in instance.output
    assert str(instance.data_dir) in instance.output
    assert "webos on 127.0.0.1:" in instance.output
    password = Endpoint.from_file(instance.data_dir / "database" / "account.json").password
    assert password is not None
    assert password.get_secret_value() not in instance.output


def test_web_process_killed(instance: LiveServer, parts: Callable[[LiveServer], Any]) -> None:
    """A killed web process comes back, a request made meanwhile waits, and the database stays as it is."""
    before = parts(instance.start().wait_ready())

    os.kill(before.web, signal.SIGKILL)
    instance.wait_for(lambda: "web" not in before.running, "it was not killed")
    answer = instance.get_json("/healthz")

    assert answer is not None, "the connection must wait in the supervisor's socket, not fail"
    assert parts(instance).web != before.web
    assert parts(instance).database == before.database
    assert "the web process was ended by SIGKILL, starting it again" in instance.output
    assert instance.output.count("is ready") == 1
    assert instance.stop() == 0


def test_database_killed(instance: LiveServer, parts: Callable[[LiveServer], Any]) -> None:
    """A database killed three times while it is written to comes back each time, and no acknowledged write is lost."""
    before = parts(instance.start().wait_ready())
    with writing(instance) as writer:
        for _ in range(3):
            writer.expect_more(instance, 200)
            database = parts(instance).database
            os.kill(database, signal.SIGKILL)
            instance.wait_for(partial(_replaced, instance, database), "it did not come back")
        writer.expect_more(instance, 200)

    assert len(writer.acknowledged) > 800
    assert set(writer.acknowledged) <= written(instance)
    assert parts(instance).web == before.web, "the web process lives on"
    assert instance.output.count("the database server was ended by SIGKILL") == 3
    assert instance.stop() == 0


def _replaced(instance: LiveServer, pid: int) -> bool:
    file = instance.data_dir / "database" / "server.pid"
    return (instance.data_dir / "database" / "endpoint.json").exists() and file.read_text().strip() != str(pid)


def test_supervisor_killed(instance: LiveServer, parts: Callable[[LiveServer], Any]) -> None:
    """When the supervisor is killed its children end too, and the next start finds every acknowledged write."""
    before = parts(instance.start().wait_ready())
    with writing(instance) as writer:
        writer.expect_more(instance, 300)
        instance.kill()
        deadline = time.monotonic() + 20
        while before.running and time.monotonic() < deadline:
            time.sleep(0.02)
        assert before.running == []

    instance.start().wait_ready()

    assert set(writer.acknowledged) <= written(instance)
    assert instance.stop() == 0


def test_everything_killed_at_once(instance: LiveServer, parts: Callable[[LiveServer], Any]) -> None:
    """After kill -9 of all three, as when the machine kills them, the next start finds every acknowledged write."""
    before = parts(instance.start().wait_ready())
    with writing(instance) as writer:
        writer.expect_more(instance, 300)
        for pid in (before.supervisor, before.web, before.database):
            os.kill(pid, signal.SIGKILL)
    instance.wait()

    instance.start().wait_ready()

    assert set(writer.acknowledged) <= written(instance)
    assert instance.stop() == 0


def test_database_is_closed_to_others(instance: LiveServer) -> None:
    """Without the account nothing can be read or written, and nobody else can read the account's files."""
    instance.start().wait_ready()
    folder = instance.data_dir / "database"
    endpoint = Endpoint.from_file(folder / "endpoint.json")

    with pymongo.MongoClient[dict[str, Any]](endpoint.host, endpoint.port, directConnection=True) as client:
        for attempt in (
            client.list_database_names,
            client.webos.anything.find_one,
            lambda: client.webos.anything.insert_one({}),
            lambda: client.admin.command("createUser", "mallory", pwd="secret", roles=["root"]),
        ):
            with pytest.raises(OperationFailure, match="requires authentication"):
                attempt()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("account.json", "endpoint.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
