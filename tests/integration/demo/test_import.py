"""The import of the example's data: exact, repeatable, and never begun again from nothing."""

import httpx
import pytest

from tests.integration.demo import plain
from tests.integration.demo.site import JANUARY, Site, wait_until

pytestmark = pytest.mark.timeout(420)


def test_january_is_imported_exactly(january: Site) -> None:
    """All of January is there, with all planes, airlines, airports and hours of weather."""
    assert january.counts() == JANUARY
    (first, *_) = january.tasks()
    assert (first["name"], first["state"], first["username"]) == ("flights.ImportFlights", "done", "admin")
    assert first["done"] == first["total"] == sum(JANUARY.values())


def test_flights_are_linked(january: Site) -> None:
    """Flights link to what is known of their plane, airports and weather; what is not known stays empty."""
    database = january.database()
    with database.client:
        flights = list(database["flights.Flight"].find())
        stored = {
            name: {row["_id"] for row in database[name].find({}, {"_id": 1})}
            for name in ("fleet.Airline", "fleet.Plane", "airports.Airport", "airports.Weather")
        }
    links = {
        name: [flight[name] for flight in flights if flight[name] is not None]
        for name in ("airline", "plane", "origin", "destination", "weather")
    }
    rows = plain.flights_of_january()
    planes, airports = plain.codes("planes", "tailnum"), plain.codes("airports", "faa")
    assert {name: len(found) for name, found in links.items()} == {
        "airline": len(rows),
        "plane": sum(row["tailnum"] in planes for row in rows),
        "origin": len(rows),
        "destination": sum(row["dest"] in airports for row in rows),
        "weather": sum((row["origin"], row["time_hour"]) in plain.weather() for row in rows),
    }
    assert all(link.id in stored[link.collection] for found in links.values() for link in found)


def test_a_second_import_stores_nothing_twice(january: Site) -> None:
    """An import of what is there ends quickly and changes nothing, not even what was changed or deleted by hand."""
    database = january.database()
    with database.client:
        flights = database["flights.Flight"]
        flights.update_one({"number": "UA 1545", "hour": 5}, {"$set": {"departure_delay": 99}})
        before = january.counts()

        printed = january.webos("demo", "load")

        assert "Everything was there already." in printed
        assert january.counts() == before
        assert flights.count_documents({"departure_delay": 99, "number": "UA 1545", "hour": 5}) == 1
        flights.update_one({"departure_delay": 99, "number": "UA 1545", "hour": 5}, {"$set": {"departure_delay": 2}})


def test_goes_on_after_the_process_was_killed(site: Site) -> None:
    """When the web process is killed in the middle, the import goes on where it was and ends with every row once."""
    site.start()
    with site.sign_in() as client:
        task = _start(client)
    _wait_for_flights(site, 5_000)
    site.kill_web()

    wait_until(lambda: site.tasks()[0]["state"] == "done", "the import did not come to its end", 240)

    assert site.counts() == JANUARY
    (record,) = site.tasks()
    assert record["_id"] == task
    assert record["attempts"] == 2


def test_goes_on_after_it_was_cancelled(site: Site) -> None:
    """An import that somebody ends keeps what it stored; the next one brings the rest."""
    site.start()
    with site.sign_in() as client:
        task = _start(client)
        refused = client.post("/api/flights/import", json={})
        _wait_for_flights(site, 2_500)
        _cancel(site, task)
        wait_until(lambda: site.tasks()[0]["state"] == "cancelled", "the import did not end")
        stored = site.counts()["flights.Flight"]
        _start(client)
    wait_until(lambda: site.tasks()[1]["state"] == "done", "the import did not come to its end", 240)

    assert (refused.status_code, refused.json()["code"]) == (409, "flights.import_running")
    assert 2_500 <= stored < JANUARY["flights.Flight"]
    assert site.counts() == JANUARY
    assert site.tasks()[1]["result"] == str(JANUARY["flights.Flight"] - stored)


def _start(client: httpx.Client) -> str:
    answer = client.post("/api/flights/import", json={})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["task_id"])


def _wait_for_flights(site: Site, number: int) -> None:
    database = site.database()
    with database.client:
        flights = database["flights.Flight"]
        wait_until(lambda: flights.estimated_document_count() >= number, "no flights come in")


def _cancel(site: Site, task: str) -> None:
    """Ask the task to end, as another process on the same database does."""
    database = site.database()
    with database.client:
        database["webos_tasks"].update_one({"_id": task}, {"$set": {"cancel_requested": True}})
