"""The HTTP interface of flights: pages, single flights, changes, and who may what."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.demo.site import Site

pytestmark = pytest.mark.timeout(420)

FIRST = "464c47540000000000000000"
UNKNOWN = "0123456789abcdef01234567"


@pytest.fixture(scope="module")
def admin(january: Site) -> Iterator[httpx.Client]:
    with january.sign_in() as client:
        yield client


@pytest.fixture(scope="module")
def reader(january: Site) -> Iterator[httpx.Client]:
    """Somebody who may only see flights."""
    with january.sign_in("reader", january.add_user("reader", "flights.read")) as client:
        yield client


@pytest.fixture(scope="module")
def writer(january: Site) -> Iterator[httpx.Client]:
    """Somebody who may change flights, and nothing of what an import brings besides."""
    with january.sign_in("writer", january.add_user("writer", "flights.*")) as client:
        yield client


def test_lists_flights_in_pages(reader: httpx.Client) -> None:
    """Pages follow each other without a gap or an overlap, 50 flights each if nothing else is asked for."""
    first = reader.get("/api/flights/flights").json()
    second = reader.get("/api/flights/flights", params={"after": first["next"], "limit": 200}).json()
    both = reader.get("/api/flights/flights", params={"limit": 200}).json()

    assert len(first["rows"]) == 50
    assert len(second["rows"]) == 200
    assert [*first["rows"], *second["rows"]][:200] == both["rows"]
    assert first["rows"][0] == {
        "id": FIRST,
        "revision": 1,
        "number": "UA 1545",
        "departure": "2013-01-01T10:15:00+00:00",
        "route": "EWR → IAH",
        "status": "flown",
        "departure_delay": 2,
        "arrival_delay": 11,
        "air_time": 227,
        "distance": 1400,
    }


def test_the_last_page_ends(reader: httpx.Client) -> None:
    """Behind the last flight there is nothing, and the last page says so."""
    last = f"{FIRST[:16]}{27_003:08x}"
    before = f"{FIRST[:16]}{26_993:08x}"

    page = reader.get("/api/flights/flights", params={"after": before}).json()

    assert len(page["rows"]) == 10
    assert page["rows"][-1]["id"] == last
    assert page["next"] is None
    assert reader.get("/api/flights/flights", params={"after": last}).json() == {"rows": [], "next": None}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"after": "x"}])
def test_refuses_pages_that_cannot_be(reader: httpx.Client, query: dict[str, Any]) -> None:
    """A page of the wrong size or behind no id is refused with a problem document that names the parameter."""
    answer = reader.get("/api/flights/flights", params=query)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(answer.json()["errors"]) == list(query)


def test_gets_a_flight(reader: httpx.Client) -> None:
    """A flight is found by its id; an unknown one is a problem document."""
    found = reader.get(f"/api/flights/flights/{FIRST}")
    missing = reader.get(f"/api/flights/flights/{UNKNOWN}")

    assert (found.status_code, found.json()["number"]) == (200, "UA 1545")
    assert (missing.status_code, missing.json()["code"]) == (404, "flights.flight_not_found")
    assert missing.headers["content-type"] == "application/problem+json"


def test_changes_a_flight(writer: httpx.Client) -> None:
    """Fields that are given change, also to nothing; those that are left out stay as they are."""
    path = f"/api/flights/flights/{FIRST[:16]}{100:08x}"
    before = writer.get(path).json()

    delayed = writer.patch(path, json={"departure_delay": 45}).json()
    emptied = writer.patch(path, json={"departure_delay": None, "status": "cancelled"}).json()

    assert delayed == {**before, "departure_delay": 45, "revision": before["revision"] + 1}
    expected = {**before, "departure_delay": None, "status": "cancelled", "revision": before["revision"] + 2}
    assert emptied == expected == writer.get(path).json()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"departure_delay": 5000}, "departure_delay"),
        ({"status": "late"}, "status"),
        ({"status": None}, "status"),
        ({"route": "EWR → LAX"}, "route"),
    ],
)
def test_refuses_changes_that_do_not_fit(writer: httpx.Client, change: dict[str, Any], field: str) -> None:
    """A value that a flight cannot have, or a field that cannot be changed, is refused by its name and changes nothing."""
    path = f"/api/flights/flights/{FIRST[:16]}{101:08x}"
    before = writer.get(path).json()

    answer = writer.patch(path, json=change)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert list(answer.json()["errors"]) == [field]
    assert writer.get(path).json() == before


def test_refuses_a_change_of_what_is_no_longer_there(writer: httpx.Client) -> None:
    """A change that is based on an older revision is a conflict, and changes nothing."""
    path = f"/api/flights/flights/{FIRST[:16]}{102:08x}"
    seen = writer.get(path).json()["revision"]
    first = writer.patch(path, json={"arrival_delay": 1, "revision": seen})

    second = writer.patch(path, json={"arrival_delay": 2, "revision": seen})

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "webos.conflict")
    assert writer.get(path).json()["arrival_delay"] == 1
    assert writer.patch(f"/api/flights/flights/{UNKNOWN}", json={}).status_code == 404


def test_who_may_only_read_cannot_write(reader: httpx.Client) -> None:
    """Without `flights.write` neither a change nor an import is possible."""
    path = f"/api/flights/flights/{FIRST}"
    before = reader.get(path).json()

    change = reader.patch(path, json={"departure_delay": 1})
    imported = reader.post("/api/flights/import", json={})

    for answer in (change, imported):
        assert (answer.status_code, answer.json()["code"]) == (403, "webos.permission_denied")
        assert "flights.write" in answer.json()["detail"]
    assert reader.get(path).json() == before


def test_an_import_needs_the_rights_for_all_it_brings(january: Site, writer: httpx.Client) -> None:
    """Who may write flights but no planes is told so before anything begins."""
    tasks = len(january.tasks())

    answer = writer.post("/api/flights/import", json={})

    assert answer.status_code == 403
    assert answer.json()["detail"] == "An import needs the permission “fleet.write” as well."
    assert len(january.tasks()) == tasks


def test_strangers_see_nothing(january: Site) -> None:
    """Who is not signed in, or has no rights on flights, gets no flights."""
    stranger = httpx.get(f"{january.server.url}/api/flights/flights", timeout=60)
    with january.sign_in("nobody", january.add_user("nobody")) as nobody:
        refused = nobody.get("/api/flights/flights")

    assert (stranger.status_code, refused.status_code) == (401, 403)


def test_is_described(admin: httpx.Client) -> None:
    """The interface says what it answers, also where the answer is written without the model."""
    paths = admin.get("/openapi.json").json()["paths"]

    answer = paths["/api/flights/flights"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/FlightPage"}
