"""What becomes of rows of the data, told by real rows."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

import pytest
from bson import DBRef, ObjectId

from modules.flights.dataset import CsvRow, Dataset
from modules.flights.mapping import (
    References,
    airline_values,
    airport_values,
    flight_id,
    flight_values,
    plane_values,
    weather_values,
)
from modules.flights.models import FlightStatus


class Hour(NamedTuple):
    """The weather, as the airports module tells it."""

    link: DBRef
    wind_speed: float | None
    visibility: float | None


UNITED = DBRef("fleet.Airline", ObjectId())
PLANE = DBRef("fleet.Plane", ObjectId())
NEWARK = DBRef("airports.Airport", ObjectId())
HOUSTON = DBRef("airports.Airport", ObjectId())
WINDY = Hour(DBRef("airports.Weather", ObjectId()), 12.66, 10.0)
REFERENCES = References(
    airlines={"UA": UNITED},
    planes={"N14228": PLANE},
    airports={"EWR": NEWARK, "IAH": HOUSTON},
    weather={("EWR", datetime(2013, 1, 1, 10, tzinfo=UTC)): WINDY},
)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Dataset.locate()


@pytest.fixture(scope="module")
def year(data: Dataset) -> list[str]:
    """Month, flight and hour of all flights."""
    return [key_of(row) for row in data.flights(everything=True)]


def key_of(row: CsvRow) -> str:
    return f"{int(row['month']):02} {row['carrier']} {row['flight']} {row['time_hour']}"


@pytest.fixture(scope="module")
def january(data: Dataset) -> list[CsvRow]:
    return list(data.flights(everything=False))


def test_the_first_flight(january: list[CsvRow]) -> None:
    """The first row is United 1545 from Newark to Houston at 5:15 in New York, 2 minutes late, with all its links."""
    assert flight_values(0, january[0], REFERENCES) == {
        "id": flight_id(0),
        "number": "UA 1545",
        "departure": datetime(2013, 1, 1, 10, 15, tzinfo=UTC),
        "route": "EWR → IAH",
        "airline": UNITED,
        "plane": PLANE,
        "origin": NEWARK,
        "destination": HOUSTON,
        "status": FlightStatus.FLOWN,
        "departure_delay": 2,
        "arrival_delay": 11,
        "air_time": 227,
        "distance": 1400,
        "hour": 5,
        "weather": WINDY.link,
        "wind_speed": 12.66,
        "visibility": 10.0,
    }


def test_what_is_not_known_stays_empty(january: list[CsvRow]) -> None:
    """A flight whose plane, airports or weather are not known has no links to them."""
    values = flight_values(7, january[7], REFERENCES)

    for name in ("airline", "plane", "origin", "destination", "weather", "wind_speed", "visibility"):
        assert values[name] is None, name


def test_a_cancelled_flight(january: list[CsvRow]) -> None:
    """A flight that never left is cancelled and has neither delays nor a time in the air."""
    number, row = next((number, row) for number, row in enumerate(january) if row["dep_time"] == "NA")

    values = flight_values(number, row, REFERENCES)

    assert (row["carrier"], row["flight"], row["origin"], row["dest"]) == ("EV", "4308", "EWR", "RDU")
    assert values["status"] is FlightStatus.CANCELLED
    assert (values["departure_delay"], values["arrival_delay"], values["air_time"]) == (None, None, None)
    assert values["departure"] == datetime(2013, 1, 1, 21, 30, tzinfo=UTC)


def test_a_diverted_flight(january: list[CsvRow]) -> None:
    """A flight that left and has no time in the air landed elsewhere: it is diverted, and its departure delay stays."""
    number, row = next(
        (number, row) for number, row in enumerate(january) if row["dep_time"] != "NA" and row["air_time"] == "NA"
    )

    values = flight_values(number, row, REFERENCES)

    assert (values["number"], values["status"]) == ("MQ 4525", FlightStatus.DIVERTED)
    assert (values["departure_delay"], values["arrival_delay"]) == (-5, None)


def test_how_flights_end(january: list[CsvRow]) -> None:
    """In January 521 flights were cancelled and 85 diverted."""
    states = Counter(flight_values(number, row, REFERENCES)["status"] for number, row in enumerate(january))

    assert states == {FlightStatus.FLOWN: 26_398, FlightStatus.CANCELLED: 521, FlightStatus.DIVERTED: 85}


def test_times_follow_daylight_saving(data: Dataset) -> None:
    """In summer New York is 4 hours behind UTC: a flight at 1:06 leaves at 5:06."""
    row = next(row for row in data.flights(everything=True, start=180_000) if row["hour"] == "1")

    values = flight_values(0, row, REFERENCES)

    assert (values["number"], values["hour"]) == ("US 1632", 1)
    assert values["departure"] == datetime(2013, 7, 27, 5, 6, tzinfo=UTC)


def test_flights_come_in_the_order_of_their_months(data: Dataset, year: list[str]) -> None:
    """The whole year begins with January, and no month comes before an earlier one."""
    months = [key[:2] for key in year]

    assert len(months) == data.count_flights(everything=True) == 336_776
    assert months == sorted(months)
    assert months.count("01") == data.count_flights(everything=False) == 27_004


@pytest.mark.parametrize("start", [1, 27_003, 252_483, 252_484, 336_775, 336_776])
def test_reading_goes_on_anywhere(data: Dataset, year: list[str], start: int) -> None:
    """Reading from a number on gives what reading everything gives there, also across the months' passes."""
    rows = islice(data.flights(everything=True, start=start), 3)

    assert [key_of(row) for row in rows] == year[start : start + 3]


def test_reading_january_ends_with_january(data: Dataset, january: list[CsvRow]) -> None:
    """January alone is 27,004 flights, however far reading begins."""
    assert len(january) == 27_004
    assert len(list(data.flights(everything=False, start=27_000))) == 4
    assert list(data.flights(everything=False, start=30_000)) == []


def test_ids_are_in_the_order_of_the_flights() -> None:
    """Ids grow with the number of the flight, and lie before those that are made for new documents."""
    assert flight_id(9) < flight_id(10) < flight_id(300) < flight_id(336_775) < ObjectId()


def test_an_airline(data: Dataset) -> None:
    """Of an airline the code and the name are kept."""
    first = airline_values(data.read("airlines")[0])

    assert (first["code"], first["name"]) == ("9E", "Endeavor Air Inc.")


def test_a_plane(data: Dataset) -> None:
    """Of a plane all but its hardly ever known speed is kept; a missing year stays empty."""
    rows = data.read("planes")
    first = plane_values(rows[0])
    first.pop("id")

    assert first == {
        "tail_number": "N10156",
        "manufacturer": "EMBRAER",
        "model": "EMB-145XR",
        "year": 2004,
        "kind": "Fixed wing multi engine",
        "engines": 2,
        "engine": "Turbo-fan",
        "seats": 55,
    }
    assert sum(plane_values(row)["year"] is None for row in rows) == 70


def test_an_airport(data: Dataset) -> None:
    """Of an airport the code, name, place and time zone are kept; an unknown time zone is empty."""
    rows = {row["faa"]: airport_values(row) for row in data.read("airports")}
    jfk = rows["JFK"]
    jfk.pop("id")

    assert jfk == {
        "code": "JFK",
        "name": "John F Kennedy Intl",
        "latitude": 40.639751,
        "longitude": -73.778925,
        "altitude": 13,
        "time_zone": "America/New_York",
    }
    assert [code for code, airport in rows.items() if not airport["time_zone"]] == ["EEN", "LRO", "YAK"]


def test_an_hour_of_weather(data: Dataset) -> None:
    """Of an hour of weather the readings are kept with two digits; those that failed are empty."""
    rows = data.read("weather")
    first = weather_values(rows[0])
    first.pop("id")

    assert first == {
        "airport": "EWR",
        "hour": datetime(2013, 1, 1, 6, tzinfo=UTC),
        "temperature": 39.02,
        "humidity": 59.37,
        "wind_speed": 10.36,
        "precipitation": 0.0,
        "pressure": 1012.0,
        "visibility": 10.0,
    }
    assert sum(weather_values(row)["wind_speed"] is None for row in rows) == 4


@pytest.mark.parametrize(
    ("name", "values_of", "number"),
    [
        ("airlines", airline_values, 16),
        ("planes", plane_values, 3_322),
        ("airports", airport_values, 1_458),
        ("weather", weather_values, 26_115),
    ],
)
def test_every_row_has_an_id_of_its_own(data: Dataset, name: str, values_of: object, number: int) -> None:
    """Ids are made of natural keys: all differ, and the same row has the same id every time."""
    assert callable(values_of)
    rows = data.read(name)

    first, second = [[values_of(row)["id"] for row in rows] for _ in range(2)]

    assert len(set(first)) == len(rows) == number
    assert first == second
