"""The charts of the dashboard, each with a title that says what it shows."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from .models import DelaySummary
from .statistics import LAST_WIND, VISIBILITY_STEPS, WIND_STEP

__all__ = ["DelayChart", "delay_charts"]

K = TypeVar("K", str, int, float)
Groups = Sequence[tuple[K, float, int]]

# Fewer departures than this say nothing about their group.
_ENOUGH = 100
_FAINT = 0.35
_HEIGHT = 400


class DelayChart(NamedTuple):
    """One chart.

    Attributes:
        title: What it shows, as a sentence.
        label: What its axes are, for who does not see it.
        figure: The chart itself.
    """

    title: str
    label: str
    figure: dict[str, Any]


class _Axis(NamedTuple, Generic[K]):
    """What a chart compares.

    Attributes:
        title: Of the axis; empty where its labels say it.
        description: What the chart shows, where the groups do not tell more.
        measure: A group in words, with its unit.
        tick: A group at the axis.
        first: What leads to the group that is named first.
        then: What leads to the group that it is compared with.
        lying: Whether the bars lie, for long names.
    """

    title: str
    description: str
    measure: Callable[[K], str]
    tick: Callable[[K], str]
    first: str
    then: str
    lying: bool = False


def delay_charts(summary: DelaySummary) -> list[DelayChart]:
    """Return the charts of departure delay by carrier, by hour, by visibility and by wind."""
    airline = _Axis[str]("", "Mean departure delay by airline", str, str, "of", "of", lying=True)
    hour = _Axis[int]("Local hour", "Mean departure delay by hour", lambda hour: f"{hour}:00", str, "at", "at")
    visibility = _Axis[float](
        "Visibility (mi)",
        "Mean departure delay by visibility at the airport",
        partial(_visibility, unit=" mi"),
        _visibility,
        "with a visibility of",
        "with",
    )
    wind = _Axis[int](
        "Wind (mph)",
        "Mean departure delay by wind at the airport",
        partial(_wind, unit=" mph"),
        _wind,
        "in wind of",
        "in",
    )
    return [
        _chart(summary.by_carrier, airline),
        _chart(summary.by_hour, hour),
        _chart(summary.by_visibility, visibility),
        _chart(summary.by_wind, wind),
    ]


def _chart(groups: Groups[K], axis: _Axis[K]) -> DelayChart:
    # The first bar of a lying chart is the lowest one.
    shown = list(reversed(groups)) if axis.lying else list(groups)
    names = [axis.tick(key) for key, _, _ in shown]
    minutes = [round(mean, 2) for _, mean, _ in shown]
    name, delay = ("y", "x") if axis.lying else ("x", "y")
    bars = {
        "type": "bar",
        "orientation": "h" if axis.lying else "v",
        name: names,
        delay: minutes,
        "customdata": [count for _, _, count in shown],
        "marker": {"opacity": [1 if count >= _ENOUGH else _FAINT for _, _, count in shown]},
        "hovertemplate": f"{axis.title} %{{{name}}}<br>".lstrip()
        + f"%{{{delay}:.1f}} min on average<br>%{{customdata:,}} departures<extra></extra>",
    }
    layout = {
        f"{name}axis": {"title": {"text": axis.title}, "type": "category", "showgrid": False},
        f"{delay}axis": {"title": {"text": "Mean delay (min)"}, "rangemode": "tozero", "showgrid": True},
        "height": _HEIGHT,
        "showlegend": False,
    }
    title = _finding(groups, axis) or axis.description
    return DelayChart(title, f"{axis.description}. {title}.", {"data": [bars], "layout": layout})


def _finding(groups: Groups[K], axis: _Axis[K]) -> str:
    """Return what sets the groups apart most; empty where there are not two with enough departures."""
    telling = sorted((group for group in groups if group[2] >= _ENOUGH), key=lambda group: group[1])
    if len(telling) < 2:  # noqa: PLR2004 - it takes two to compare
        return ""
    (best, least, _), (worst, most, _) = telling[0], telling[-1]
    return (
        f"Flights {axis.first} {axis.measure(worst)} leave {_lateness(most)} on average, "
        f"those {axis.then} {axis.measure(best)} {_lateness(least)}"
    )


def _lateness(minutes: float) -> str:
    whole = round(minutes)
    if whole == 0:
        return "on time"
    return f"{abs(whole)} min {'late' if whole > 0 else 'early'}"


def _visibility(miles: float, unit: str = "") -> str:
    following = next((step for step in VISIBILITY_STEPS if step > miles), None)
    return f"{miles:g}{unit} or more" if following is None else f"{miles:g} to {following:g}{unit}"


def _wind(speed: int, unit: str = "") -> str:
    return f"{speed}{unit} or more" if speed >= LAST_WIND else f"{speed} to {speed + WIND_STEP}{unit}"
