"""The figures of the dashboard against the same figures computed in plain Python."""

from typing import Any

import pytest

from tests.integration.demo import plain
from tests.integration.demo.site import Site

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
def summary(january: Site) -> dict[str, Any]:
    """What the import has left for the dashboard."""
    return january.summary


def test_figures_over_all_flights(summary: dict[str, Any]) -> None:
    """Number, cancellations, share on time and mean delay are those of all flights of January."""
    delays = [int(row["dep_delay"]) for row in plain.flights_of_january() if row["dep_delay"] != "NA"]

    assert summary["flights"] == len(plain.flights_of_january())
    assert summary["departed"] == len(delays)
    assert summary["cancelled"] == sum(row["dep_time"] == "NA" for row in plain.flights_of_january())
    assert summary["mean_departure_delay"] == pytest.approx(sum(delays) / len(delays))
    assert summary["on_time_share"] == pytest.approx(sum(delay < 15 for delay in delays) / len(delays))


def test_delays_by_carrier(summary: dict[str, Any]) -> None:
    """Carriers stand by name, the latest first."""
    names = plain.codes("airlines", "carrier")
    expected = plain.mean_delays((names[row["carrier"]]["name"], row) for row in plain.flights_of_january())

    assert as_mapping(summary["by_carrier"]) == approximately(expected)
    means = [mean for _, mean, _ in summary["by_carrier"]]
    assert means == sorted(means, reverse=True)


def test_delays_by_hour(summary: dict[str, Any]) -> None:
    """Hours stand in their order, by the local time of the scheduled departure."""
    expected = plain.mean_delays((int(row["sched_dep_time"]) // 100, row) for row in plain.flights_of_january())

    assert as_mapping(summary["by_hour"]) == approximately(expected)
    assert [hour for hour, _, _ in summary["by_hour"]] == sorted(expected)  # type: ignore[type-var]  # hours


def test_delays_by_visibility(summary: dict[str, Any]) -> None:
    """Flights are grouped by the visibility at their airport in their hour; those without are left out."""

    def group(row: dict[str, str]) -> int | None:
        hour = plain.weather().get((row["origin"], row["time_hour"]))
        if hour is None or hour["visib"] == "NA":
            return None
        miles = float(hour["visib"])
        if miles < 1:
            return 0
        if miles < 2:
            return 1
        return 2 if miles < 5 else 5 if miles < 10 else 10

    expected = plain.mean_delays((group(row), row) for row in plain.flights_of_january())
    expected.pop(None)

    assert as_mapping(summary["by_visibility"]) == approximately(expected)


def test_delays_by_wind(summary: dict[str, Any]) -> None:
    """Flights are grouped by the wind at their airport in their hour, in steps of 5 mph up to 25."""

    def group(row: dict[str, str]) -> int | None:
        hour = plain.weather().get((row["origin"], row["time_hour"]))
        if hour is None or hour["wind_speed"] == "NA":
            return None
        return min(int(float(hour["wind_speed"])) // 5 * 5, 25)

    expected = plain.mean_delays((group(row), row) for row in plain.flights_of_january())
    expected.pop(None)

    assert as_mapping(summary["by_wind"]) == approximately(expected)


def as_mapping(groups: list[list[Any]]) -> dict[object, tuple[float, int]]:
    return {key: (mean, count) for key, mean, count in groups}


def approximately(groups: dict[object, tuple[float, int]]) -> dict[object, Any]:
    return {key: (pytest.approx(mean), count) for key, (mean, count) in groups.items()}
