"""Broken modules end to end: the shell starts, each is shown failed with its reason, and the healthy ones work."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.integration.modules.broken import BROKEN
from tests.integration.modules.specimens import HEALTHY, Specimen, write_modules
from webos.testing.servers import LiveServer

PASSWORD = "an-administrators-password"
PAGE = {"accept": "text/html"}
MOUNTED = {
    "hook_raises",
    "page_thief",
    "page_permission",
    "startup_raises",
    "requires_startup_raises",
    "routes_hook_raises",
}


@dataclass(frozen=True)
class Shown:
    """What the administrator sees of a module."""

    state: str
    phase: str
    reason: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server with all modules, broken and healthy; stopping it is tested by every run."""
    folder = tmp_path_factory.mktemp("broken")
    modules = write_modules(folder / "modules", *HEALTHY, *BROKEN)
    server = LiveServer(folder / "data", environment={"WEBOS_MODULES": str(modules), "WEBOS_ADMIN_PASSWORD": PASSWORD})
    server.start()
    try:
        yield server.wait_ready()
    finally:
        assert server.stop() == 0, server.output
    assert "module shutdown_raises failed to shut down: ZeroDivisionError: division by zero" in server.output


@pytest.fixture(scope="module")
def admin(server: LiveServer) -> Iterator[httpx.Client]:
    """A client that is signed in as the administrator."""
    with httpx.Client(base_url=server.url, headers={"origin": server.url}, timeout=30) as client:
        answer = client.post("/auth/login", data={"username": "admin", "password": PASSWORD})
        assert answer.status_code in {200, 303}, answer.text
        yield client


@pytest.fixture(scope="module")
def shown(admin: httpx.Client) -> dict[str, Shown]:
    """What the page of the modules shows, by module."""
    texts = page_texts(admin.get("/admin/modules", headers=PAGE))
    found: dict[str, Shown] = {}
    for place, text in enumerate(texts):
        if match := re.fullmatch(r"(\w+) \d+\.\d+\.\d+( · .*)?", text):
            state = texts[place - 1]
            phase, reason = texts[place + 1 : place + 3] if state == "Failed" else ("", "")
            found[match[1]] = Shown(state, phase.removeprefix("Could not ").removesuffix("."), reason)
    return found


def page_texts(answer: httpx.Response) -> list[str]:
    """Return the texts of a page's elements, in their order."""
    assert answer.status_code == 200
    return [html.unescape(json.loads(text)) for text in re.findall(r'"text":("(?:[^"\\]|\\.)*")', answer.text)]


def test_every_module_is_shown(shown: dict[str, Shown]) -> None:
    """The administrator sees each module that was found, with its state: failed, or running."""
    expected = (
        {each.name: "Failed" for each in BROKEN} | {each.name: "Running" for each in HEALTHY} | {"admin": "Running"}
    )
    assert {name: each.state for name, each in shown.items() if name in expected} == expected


@pytest.mark.parametrize("specimen", BROKEN, ids=lambda specimen: specimen.name)
def test_a_broken_module_is_shown_with_its_reason(shown: dict[str, Shown], specimen: Specimen) -> None:
    """Of each broken module the administrator reads what it could not do and why, in one line."""
    assert re.fullmatch(specimen.phase, shown[specimen.name].phase)
    assert re.fullmatch(specimen.reason, shown[specimen.name].reason)


@pytest.mark.parametrize("specimen", BROKEN, ids=lambda specimen: specimen.name)
def test_the_reason_is_in_the_log(server: LiveServer, shown: dict[str, Shown], specimen: Specimen) -> None:
    """The log has one line for each failed module, with the same reason."""
    line = f"module {specimen.name} failed to {shown[specimen.name].phase}: {shown[specimen.name].reason}"
    assert server.output.count(line) == 1


@pytest.mark.parametrize("specimen", BROKEN, ids=lambda specimen: specimen.name)
def test_a_broken_module_answers_with_a_problem(admin: httpx.Client, specimen: Specimen) -> None:
    """The routes of a broken module say that it does not run, or that there is nothing, as problem documents."""
    answer = admin.get(f"/api/{specimen.name}/items")
    expected = (503, "webos.module_not_running") if specimen.name in MOUNTED else (404, "webos.not_found")
    assert (answer.status_code, answer.json()["code"]) == expected
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("specimen", BROKEN, ids=lambda specimen: specimen.name)
def test_a_broken_module_has_no_page_and_no_table(admin: httpx.Client, specimen: Specimen) -> None:
    """Neither its page nor its documents are there."""
    answer = admin.get(f"/{specimen.name}", headers=PAGE)
    assert answer.status_code == 404
    assert f"hello from {specimen.name}" not in answer.text
    answer = admin.post(f"/api/webos/tables/{specimen.name.lower()}.Item/rows", json={})
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["healthy", "twin", "shutdown_raises", "page_raises"])
def test_a_healthy_module_works_over_its_interface(admin: httpx.Client, name: str) -> None:
    """Beside all the broken ones a healthy module stores, refuses a second of the same, and lists; each has its own documents."""
    item = f"of {name}"
    assert admin.post(f"/api/{name}/items", params={"name": item}).status_code == 201
    taken = admin.post(f"/api/{name}/items", params={"name": item})
    assert (taken.status_code, taken.json()["code"]) == (409, "webos.conflict")
    assert admin.get(f"/api/{name}/items").json() == [item]
    rows = admin.post(f"/api/webos/tables/{name}.Item/rows", json={}).json()["rows"]
    assert [row["name"] for row in rows] == [item]


@pytest.mark.parametrize("name", ["healthy", "twin", "shutdown_raises"])
def test_a_healthy_module_shows_its_page(admin: httpx.Client, name: str) -> None:
    """The page of a healthy module is its own, also where a broken one wanted the same path."""
    assert f"hello from {name}" in page_texts(admin.get(f"/{name}", headers=PAGE))


def test_a_page_that_raises_fails_alone(server: LiveServer, admin: httpx.Client, shown: dict[str, Shown]) -> None:
    """A page that cannot be built says so without internals, the log has why, and the module's other page works."""
    answer = admin.get("/page_raises", headers=PAGE)
    assert "Something went wrong." in page_texts(answer)
    assert "hunter2" not in answer.text
    assert "RuntimeError: hunter2 in the page" in server.output
    assert "hello from the fine page" in page_texts(admin.get("/page_raises/fine", headers=PAGE))
    assert shown["page_raises"].state == "Running"


def test_no_service_is_built_without_its_settings(server: LiveServer) -> None:
    """Where the settings do not fit, the services of the module are not even begun."""
    assert "built without its settings" not in server.output


def test_the_shell_stands(server: LiveServer, admin: httpx.Client) -> None:
    """The start page lists what runs, the server is ready, and no broken module is offered."""
    assert server.get_json("/readyz") == {"status": "ready"}
    answer = admin.get("/", headers=PAGE)
    assert answer.status_code == 200
    assert "Items of healthy" in answer.text
    assert "Items of startup_raises" not in answer.text


def test_only_running_modules_are_in_the_interface_description(admin: httpx.Client) -> None:
    """The description of the interface can be read, and names the healthy module's routes."""
    answer = admin.get("/openapi.json")
    assert answer.status_code == 200
    assert "/api/healthy/items" in answer.json()["paths"]
