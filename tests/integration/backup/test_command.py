"""`webos backup` and `webos restore` beside a real server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from webos.testing.servers import LiveServer

PASSWORD = "an-administrators-password"
pytestmark = pytest.mark.skipif(
    "WEBOS_TEST_MONGO_URL" in os.environ, reason="the commands find a server by its data folder, not by a URL"
)


def webos(data_dir: Path, *arguments: str, answer: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from webos.cli.main import main; main()", *arguments]
    environment = {"PATH": os.environ["PATH"], "WEBOS_DATA_DIR": str(data_dir)}
    return subprocess.run(  # noqa: S603 - our own command
        command,
        input=answer,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env=environment,
        cwd=data_dir.parent,
    )


def sign_in(server: LiveServer, password: str) -> int:
    with httpx.Client(base_url=server.url, headers={"origin": server.url}, timeout=30) as client:
        form = {"username": "admin", "password": password}
        answer = client.post("/auth/login", json=form)
        return answer.status_code


def test_a_running_server_is_backed_up_and_comes_back_elsewhere(
    live_server: Callable[..., LiveServer], tmp_path: Path
) -> None:
    """A backup of a running server, restored into another data folder, is served there with its accounts."""
    server = live_server(tmp_path / "data", environment={"WEBOS_ADMIN_PASSWORD": PASSWORD}).start().wait_ready()
    file = tmp_path / "a.webos"

    backed_up = webos(tmp_path / "data", "backup", str(file))
    assert backed_up.returncode == 0, backed_up.stderr
    assert "documents of" in backed_up.stdout
    assert f"needed to read secret fields: the file {tmp_path / 'data' / 'encryption_keys'}" in backed_up.stdout
    assert (tmp_path / "data" / "encryption_keys").read_bytes().split(b":")[1].strip() not in file.read_bytes()
    assert webos(tmp_path / "data", "backup", "--verify", str(file)).stdout.startswith(f"{file} is whole: ")

    refused = webos(tmp_path / "data", "restore", "--replace", "--yes", str(file))
    assert refused.returncode == 1
    assert "WebOS already runs on the data folder" in refused.stderr
    assert "Stop it first, or say --while-running." in refused.stderr
    assert sign_in(server, PASSWORD) in {200, 204}
    assert server.stop() == 0

    restored = webos(tmp_path / "other", "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert "everybody signs in anew" in restored.stdout
    assert "are not here: put them to the file" in restored.stderr
    shutil.copy(tmp_path / "data" / "encryption_keys", tmp_path / "other" / "encryption_keys")
    # The first administrator of a fresh server would have this one.
    other = live_server(tmp_path / "other", environment={"WEBOS_ADMIN_PASSWORD": "not-the-restored-one"})
    other.start().wait_ready()
    assert sign_in(other, PASSWORD) in {200, 204}
    assert sign_in(other, "not-the-restored-one") == 401
    assert other.stop() == 0


def test_data_is_lost_only_after_a_yes(live_server: Callable[..., LiveServer], tmp_path: Path) -> None:
    """A database with data is refused without --replace, asks with it, and a broken file is refused before that."""
    server = live_server(tmp_path / "data", environment={"WEBOS_ADMIN_PASSWORD": PASSWORD}).start().wait_ready()
    assert server.stop() == 0
    file = tmp_path / "a.webos"
    assert webos(tmp_path / "data", "backup", str(file)).returncode == 0

    refused = webos(tmp_path / "data", "restore", str(file))
    assert (refused.returncode, "holds data" in refused.stderr, "--replace" in refused.stderr) == (1, True, True)
    declined = webos(tmp_path / "data", "restore", "--replace", str(file), answer="n\n")
    assert declined.returncode == 1
    assert "Lose all data of webos" in declined.stdout
    (tmp_path / "b.webos").write_bytes(file.read_bytes()[:-10])
    broken = webos(tmp_path / "data", "restore", "--replace", "--yes", str(tmp_path / "b.webos"))
    assert (broken.returncode, "is no backup, or not whole" in broken.stderr) == (1, True)
    assert "There is no file" in webos(tmp_path / "data", "restore", str(tmp_path / "c.webos")).stderr
    accepted = webos(tmp_path / "data", "restore", "--replace", str(file), answer="y\n")
    assert accepted.returncode == 0, accepted.stderr

    server.start().wait_ready()
    assert sign_in(server, PASSWORD) in {200, 204}
