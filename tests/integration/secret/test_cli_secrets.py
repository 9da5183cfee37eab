"""`webos secrets` beside a running server, which is killed and ended in the middle of it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from tests.integration.demo.site import Site

MANY = 3000
_MODULE = """
    from webos.sdk import CoreDocument, Secret


    class Key(CoreDocument):
        name: str
        value: Secret
"""
_ROUTER = """
    from fastapi import APIRouter
    from webos.sdk import Secret, rest_router
    from .models import Key

    router = APIRouter()
    router.include_router(rest_router(Key))


    @router.post("/fill")
    async def fill(count: int) -> None:
        await Key.insert_many([Key(name=str(n), value=Secret(f"value {n}")) for n in range(count)])


    @router.get("/opened")
    async def opened() -> list[str]:
        return [f"{key.name}={await key.reveal('value')}" for key in await Key.find_all().to_list()]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    modules = tmp_path / "modules" / "ring"
    modules.mkdir(parents=True)
    for name, text in {"__init__": "", "models": _MODULE, "router": _ROUTER}.items():
        (modules / f"{name}.py").write_text(dedent(text))
    monkeypatch.setattr("tests.integration.demo.site.EXAMPLES", modules.parent)
    made = Site(tmp_path)
    made.start()
    yield made
    made.close()


def opened(client: httpx.Client) -> set[str]:
    found: list[str] = client.get("/api/ring/opened").json()
    assert len(found) == MANY
    return set(found)


def test_a_rotation_that_is_killed_is_finished_later(site: Site) -> None:
    """Keys are counted, rotated while the server works, killed, finished and dropped; every value opens all the time."""
    values = {f"{n}=value {n}" for n in range(MANY)}
    with site.sign_in() as client:
        assert client.post(f"/api/ring/fill?count={MANY}").status_code == 200
        assert f"{MANY:,} values  for new values" in site.webos("secrets", "status")
        (old,) = [line.partition(":")[0] for line in _keys(site)]
        rotation = site.popen("secrets", "rotate")
        assert rotation.stdout is not None
        while "anew" not in (line := rotation.stdout.readline()):
            assert line, "the rotation ended early"
        os.killpg(rotation.pid, signal.SIGKILL)
        rotation.communicate()
        assert opened(client) == values
        left = site.webos("secrets", "status")
        assert left.count("ring.Key.value") in {1, 2}
        started = time.monotonic()
        printed = site.webos("secrets", "rotate")
        assert time.monotonic() - started < 120
        assert "All values are encrypted with" in printed
        site.webos("secrets", "drop", old)
        assert [line.partition(":")[0] for line in _keys(site)] != [old]
        assert opened(client) == values
        made = client.post("/api/ring/keys", json={"name": "after", "value": "later"})
        assert made.status_code == 201
        counted = site.webos("secrets", "status")
    assert old not in counted
    assert f"{MANY + 1:,} values  for new values" in counted


def test_a_key_that_is_needed_is_not_dropped(site: Site) -> None:
    """The first key, one with values, and one that does not exist are not dropped; a mistake is told in one line."""
    with site.sign_in() as client:
        client.post("/api/ring/fill?count=1")
    (only,) = [line.partition(":")[0] for line in _keys(site)]
    for name, said in ((only, "rotate"), ("nokey", "There is no key")):
        process = site.popen("secrets", "drop", name)
        _, complained = process.communicate(timeout=60)
        assert process.returncode == 1
        assert said in complained
    assert len(_keys(site)) == 1


def _keys(site: Site) -> list[str]:
    return (site.server.data_dir / "encryption_keys").read_text().splitlines()
