"""What the benchmark says of its figures."""

import json

import pytest

from benchmarks.result import Goal, Result, at_least, at_most, at_most_line, within
from benchmarks.table import as_table
from benchmarks.turns import take_turns


@pytest.mark.parametrize(
    ("goal", "ours", "against", "ok"),
    [
        (at_least(0.75), 75, 100, True),
        (at_least(0.75), 74, 100, False),
        (at_most(1.1), 110, 100, True),
        (at_most(1.1), 111, 100, False),
        (at_most_line(2, 1.5, "s"), 3.5, 1, True),
        (at_most_line(2, 1.5, "s"), 3.6, 1, False),
        (within(50, "ms"), 50, 1, True),
        (within(50, "ms"), 51, 100, False),
    ],
)
def test_a_goal_is_met_or_missed(goal: Goal, ours: float, against: float, ok: bool) -> None:  # noqa: FBT001 - a case
    """A figure that misses its goal by a little is a miss."""
    assert Result("x", "ms", ours, against, goal).ok is ok


def test_a_result_as_others_read_it() -> None:
    """The keys of `results.json` are those that other programs rely on, and the ratio is ours over the bare thing."""
    written = json.loads(json.dumps(Result("list of 50", "requests/s", 80, 100, at_least(0.75)).to_dict()))

    assert written == {
        "name": "list of 50 (requests/s)",
        "ours": 80,
        "against": 100,
        "ratio": 0.8,
        "goal": ">= 0.75",
        "ok": True,
    }


def test_a_miss_stands_out_in_the_table() -> None:
    """The table says in capitals which goal was missed."""
    lines = as_table([Result("good", "ms", 1, 1, at_most(1.1)), Result("bad", "ms", 2, 1, at_most(1.1))]).splitlines()

    assert lines[2].endswith("yes")
    assert lines[3].endswith("NO")


async def test_both_are_measured_in_turns() -> None:
    """Ours and the bare thing are measured equally often, alternately, and the first round does not count."""
    order: list[str] = []
    figures = {"ours": iter([100.0, 1, 2, 3]), "against": iter([100.0, 4, 5, 6])}

    async def measure(name: str) -> float:
        order.append(name)
        return next(figures[name])

    pair = await take_turns(3, lambda: measure("ours"), lambda: measure("against"))

    assert (pair.ours, pair.against) == (2, 5)
    assert order == ["against", "ours", "ours", "against"] * 2
