"""Import and export as people use them: over HTTP and at the command line of a running product."""

import csv
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.demo.site import Site, wait_until
from tests.integration.transfer.desk import csv_of, rows_of

pytestmark = pytest.mark.timeout(300)
AIRLINES = "/api/webos/tables/fleet.Airline"
PLANES = "/api/webos/tables/fleet.Plane"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running instance with the example modules and nothing in it."""
    made = Site(tmp_path_factory.mktemp("transfer"))
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.sign_in() as client:
        yield client


def upload(client: httpx.Client, table: str, content: str, **options: Any) -> str:
    params = {"filename": "file.csv", "options": json.dumps(options)}
    answer = client.post(f"{table}/imports", params=params, content=content.encode())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def ended(client: httpx.Client, identity: str) -> dict[str, Any]:
    state: dict[str, Any] = {}

    def over() -> bool:
        state.update(client.get(f"/api/webos/imports/{identity}").json())
        return state["state"] not in {"ready", "running"}

    wait_until(over, "the import did not end")
    return state


def planes(count: int, prefix: str = "N") -> str:
    return csv_of(
        ["tail_number", "manufacturer", "model", "built"],
        [[f"{prefix}{n}", "Ünique", f"M{n}", ""] for n in range(count)],
    )


def test_check_import_and_export(admin: httpx.Client) -> None:
    """A file is looked at, imported in the background, and what failed comes back; the export has what is stored."""
    identity = upload(admin, AIRLINES, "Code,Name\nAA,American\nBB,=Böse\nCCC,Too long\n")
    checked = admin.post(f"/api/webos/imports/{identity}/check").json()
    assert checked["counts"]["inserted"] == 2
    assert [(each["row"], each["column"]) for each in checked["failures"]] == [(4, "Code")]
    started = admin.post(f"/api/webos/imports/{identity}/start")
    assert started.status_code == 202
    record = ended(admin, identity)
    failed = admin.get(f"/api/webos/imports/{identity}/failed")
    exported = admin.get(f"{AIRLINES}/export", params={"sort": "-code", "search": "e"})
    filtered = {"code": {"type": "equals", "filter": "AA"}}
    one = admin.get(f"{AIRLINES}/export", params={"filter": json.dumps(filtered), "columns": "name", "format": "jsonl"})

    assert (record["state"], record["counts"]["inserted"], record["counts"]["failed"]) == ("done", 2, 1)
    assert rows_of(failed.content)[0]["Code"] == "CCC"
    assert exported.headers["content-disposition"].startswith('attachment; filename="fleet.Airline ')
    assert [(row["code"], row["name"]) for row in rows_of(exported.content)] == [("BB", "'=Böse"), ("AA", "American")]
    assert [json.loads(line)["name"] for line in one.text.splitlines()] == ["American"]


def test_what_is_wrong_is_said(site: Site, admin: httpx.Client) -> None:
    """Bad files, options, columns and users are refused with the status that fits, before anything is streamed."""
    params = {"filename": "x.csv"}
    assert admin.post(f"{AIRLINES}/imports", params=params, content=b"\x89PNG\0\0\0\0").status_code == 422
    bad = admin.post(f"{AIRLINES}/imports", params={**params, "options": '{"zone": "Mars"}'}, content=b"code\n")
    assert (bad.status_code, list(bad.json()["errors"])) == (422, ["zone"])
    assert admin.get(f"{AIRLINES}/export", params={"columns": "colour"}).status_code == 422
    assert admin.get(f"{AIRLINES}/export", params={"filter": "[]"}).status_code == 422
    assert admin.get("/api/webos/tables/fleet.Nothing/export").status_code == 404
    assert admin.get(f"/api/webos/imports/{'0' * 24}").status_code == 404
    identity = upload(admin, AIRLINES, "code,colour\nAA,red\n")
    unknown = admin.post(f"/api/webos/imports/{identity}/check")
    assert (unknown.status_code, set(unknown.json()["errors"])) == (422, {"colour", "name"})
    with site.sign_in("reader", site.add_user("reader", "fleet.read")) as reader:
        assert reader.get(f"{AIRLINES}/export").status_code == 200
        assert reader.post(f"{AIRLINES}/imports", params=params, content=b"code\n").status_code == 403
        assert reader.get(f"/api/webos/imports/{identity}").status_code == 404
    assert httpx.get(f"{site.server.url}{AIRLINES}/export").status_code == 401


def test_it_survives_kill(site: Site, admin: httpx.Client) -> None:
    """An import of a server that is killed goes on by itself, with no row twice and none lost."""
    identity = upload(admin, PLANES, planes(30_000, "K"))
    admin.post(f"/api/webos/imports/{identity}/start")
    stored = site.database()["fleet.Plane"]
    with stored.database.client:
        wait_until(lambda: stored.count_documents({}) > 5000, "the import did not begin")
        site.kill_web()
        site.server.wait_ready()
        record = ended(admin, identity)
        count = stored.count_documents({})

    assert (record["counts"]["inserted"], record["counts"]["failed"], count) == (30_000, 0, 30_000)


def test_cancel(admin: httpx.Client) -> None:
    """An import that is cancelled ends within seconds and says how many rows it has stored."""
    identity = upload(admin, PLANES, planes(80_000, "C"))
    admin.post(f"/api/webos/imports/{identity}/start")
    wait_until(
        lambda: admin.get(f"/api/webos/imports/{identity}").json()["counts"]["read"] > 0, "the import did not begin"
    )
    record = admin.post(f"/api/webos/imports/{identity}/cancel").json()
    found = {"tail_number": {"type": "startsWith", "filter": "C"}}
    text = admin.get(f"{PLANES}/export", params={"filter": json.dumps(found), "columns": "tail_number"}).content

    assert record["state"] == "cancelled"
    assert record["counts"]["inserted"] == len(rows_of(text)) < 80_000


def test_who_goes_away_ends_the_export(site: Site, admin: httpx.Client) -> None:
    """A client that stops reading does no harm, and an upload that is torn leaves nothing."""
    with admin.stream("GET", f"{PLANES}/export") as answer:
        next(answer.iter_raw())
    cookie = "; ".join(f"{name}={value}" for name, value in admin.cookies.items())
    before = admin.get("/api/webos/imports").json()
    with socket.create_connection(("127.0.0.1", site.server.port)) as torn:
        head = f"POST {PLANES}/imports?filename=x.csv HTTP/1.1\r\nHost: x\r\nOrigin: {site.server.url}\r\nCookie: {cookie}\r\n"
        torn.sendall(f"{head}Content-Length: 1000000\r\n\r\ncode,name\n".encode())
    folder = site.server.data_dir / "imports"
    wait_until(lambda: not list(folder.glob("*.part")), "the torn upload was kept")

    assert admin.get("/api/webos/imports").json() == before
    assert admin.get(f"{AIRLINES}/export").status_code == 200


def test_pages_stay_quick_meanwhile(site: Site, admin: httpx.Client) -> None:
    """While a file is imported and another exported, other requests are answered at once."""
    identity = upload(admin, PLANES, planes(20_000, "Q"))
    admin.post(f"/api/webos/imports/{identity}/start")
    slow: list[float] = []
    over = threading.Event()

    def export() -> None:
        with site.sign_in() as other:
            other.get(f"{PLANES}/export", params={"format": "xlsx"})
        over.set()

    thread = threading.Thread(target=export)
    thread.start()
    while not over.is_set():
        slow.append(admin.get("/healthz").elapsed.total_seconds())
    thread.join()
    ended(admin, identity)
    slow.sort()

    assert slow[len(slow) // 2] < 0.1


def test_the_command_line(site: Site, tmp_path: Path) -> None:
    """`webos data` exports to a file and imports one, through the running server."""
    (tmp_path / "in.csv").write_text("code,name,extra\nX1,One,\nX2,Two,\n", encoding="utf-8")
    said = site.webos("data", "import", "fleet.Airline", str(tmp_path / "in.csv"), "--ignore", "extra", "--dry-run")
    assert "2 would be inserted" in said
    site.webos(
        "data",
        "import",
        "fleet.Airline",
        str(tmp_path / "in.csv"),
        "--ignore-unknown",
        "--mode",
        "upsert",
        "--key",
        "code",
    )
    (tmp_path / "bad.csv").write_text("code;name\nX1;Uno\nLONG;Bad\n", encoding="utf-8")
    process = site.popen(
        "data", "import", "fleet.Airline", str(tmp_path / "bad.csv"), "--mode", "upsert", "--key", "code",
        "--failed", str(tmp_path / "failed.csv"),
    )  # fmt: skip
    said, _ = process.communicate()
    site.webos("data", "export", "fleet.Airline", str(tmp_path / "out.csv"), "--columns", "code,name", "--sort", "code")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8-sig"))))

    assert process.returncode == 1
    assert "1 updated" in said
    assert "LONG" in (tmp_path / "failed.csv").read_text(encoding="utf-8-sig")
    assert [(row["code"], row["name"]) for row in rows if row["code"].startswith("X")] == [("X1", "Uno"), ("X2", "Two")]

    newest, first = site.webos("data", "imports", "--limit", "2").splitlines()
    assert newest.endswith("bad.csv")
    assert "2 inserted" in first
    assert "1 records" in site.webos("data", "undo", newest.split()[0])
    undone, _ = site.webos("data", "imports", "--limit", "2").splitlines()
    assert undone.split()[0] == newest.split()[0]
    assert " undone " in undone
