"""The routes of the example module of airports, as `webos run` serves them."""

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.demo.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("airports"))
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_airports_and_weather_over_http(site: Site) -> None:
    """An airport is created, its weather linked to it, listed by filters, changed by its revision and restored."""
    with site.sign_in() as client:
        values = {"code": "JFK", "name": "Kennedy", "latitude": 40.6, "longitude": -73.8}
        made = client.post("/api/airports/airports", json=values)
        assert made.status_code == 201, made.text
        assert made.headers["location"] == f"/api/airports/airports/{made.json()['id']}"
        hour = {"airport": made.json()["id"], "hour": "2013-01-01T05:00:00Z", "humidity": 60}
        weather = client.post("/api/airports/weather", json=hour)
        assert (weather.status_code, weather.json()["airport"]) == (201, made.json()["id"])
        assert client.post("/api/airports/weather", json={**hour, "airport": "0" * 24}).status_code == 422
        found = client.get("/api/airports/weather?hour__gte=2013-01-01T05:00:00Z&humidity__lt=61").json()["items"]
        assert [each["id"] for each in found] == [weather.json()["id"]]
        one = made.headers["location"]
        assert client.patch(one, json={"altitude": 13}, headers={"If-Match": made.headers["etag"]}).status_code == 200
        assert client.patch(one, json={"altitude": 14}, headers={"If-Match": made.headers["etag"]}).status_code == 409
        assert client.delete(one).status_code == 204
        assert client.post(f"{one}/restore").json()["altitude"] == 13
        paths = client.get("/openapi.json").json()["paths"]
        assert set(paths["/api/airports/airports/{identity}"]) == {"get", "patch", "delete"}


def test_without_the_permission_nothing_is_shown(site: Site) -> None:
    """Who lacks the module's permission gets 403, a visitor 401, each as a problem document."""
    password = site.add_user("stranger", "fleet.read")
    with site.sign_in("stranger", password) as client:
        assert client.get("/api/airports/airports").status_code == 403
    answer = httpx.get(f"{site.server.url}/api/airports/airports", timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (401, "webos.not_signed_in")
