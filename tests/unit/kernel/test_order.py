"""The order in which modules start."""

import re
from collections.abc import Mapping
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.kernel.order import resolve_order

Requires = Mapping[str, tuple[str, ...]]
NAMES = "abcdefgh"


@st.composite
def requirements(draw: st.DrawFn) -> Requires:
    """Return modules that require each other at will, and sometimes one that is not there."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=8))
    needed = st.lists(st.sampled_from([*NAMES, "missing"]), max_size=3).map(tuple)
    return {name: draw(needed) for name in names}


def reachable(requires: Requires, name: str) -> set[str]:
    """Return all that `name` requires, directly or by others."""
    found: set[str] = set()
    open_ = list(requires.get(name, ()))
    while open_:
        each = open_.pop()
        if each not in found:
            found.add(each)
            open_ += requires.get(each, ())
    return found


@given(requirements())
def test_everything_either_starts_or_has_a_reason(requires: Requires) -> None:
    """Each module is in the order or refused, never both, and nothing else is."""
    order, refused = resolve_order(requires)
    assert sorted([*order, *refused]) == sorted(requires)
    assert all(refused.values())


@given(requirements())
def test_each_comes_after_what_it_requires(requires: Requires) -> None:
    """Whatever a module of the order requires stands before it."""
    order, _ = resolve_order(requires)
    for place, name in enumerate(order):
        assert set(requires[name]) <= set(order[:place])


@given(requirements())
def test_only_what_cannot_start_is_refused(requires: Requires) -> None:
    """Refused is exactly what leads, by however many steps, to a missing module or into a circle."""
    _, refused = resolve_order(requires)
    circular = {name for name in requires if name in reachable(requires, name)}
    impossible = {
        name
        for name in requires
        if (reachable(requires, name) | {name}) & (circular | (reachable(requires, name) - requires.keys()))
    }
    assert set(refused) == impossible


@given(requirements(), st.randoms())
def test_the_order_does_not_depend_on_how_modules_were_found(requires: Requires, random: Random) -> None:
    """The same modules start in the same order, in whichever order the disk lists them."""
    shuffled = list(requires.items())
    random.shuffle(shuffled)
    assert resolve_order(dict(shuffled))[0] == resolve_order(requires)[0]


@given(requirements())
def test_names_decide_where_nothing_else_does(requires: Requires) -> None:
    """Of all modules that could start next, the first by name does."""
    order, _ = resolve_order(requires)
    for place, name in enumerate(order):
        ready = [other for other in order[place:] if set(requires[other]) <= set(order[:place])]
        assert name == min(ready)


@given(requirements())
def test_a_circle_is_told_step_by_step(requires: Requires) -> None:
    """Each arrow of a circle that is told stands for a requirement, and the circle closes."""
    for name, reason in resolve_order(requires)[1].items():
        if told := re.fullmatch(r"requires itself in a circle: (.+)", reason):
            steps = told[1].split(" → ")
            assert steps[0] == steps[-1]
            assert name in steps
            assert all(after in requires[before] for before, after in pairwise(steps))


@pytest.mark.parametrize(
    ("requires", "reasons"),
    [
        ({"a": ("b",)}, {"a": "requires b, which is not installed"}),
        ({"a": ("c", "b")}, {"a": "requires b and c, which are not installed"}),
        ({"a": ("d", "c", "b")}, {"a": "requires b, c and d, which are not installed"}),
        ({"a": ("a",)}, {"a": "requires itself in a circle: a → a"}),
        (
            {"a": ("b",), "b": ("x",), "c": ("a",), "d": ()},
            {
                "a": "requires b, which cannot start",
                "b": "requires x, which is not installed",
                "c": "requires a, which cannot start",
            },
        ),
    ],
)
def test_reasons_in_words(requires: Requires, reasons: dict[str, str]) -> None:
    """A person reads which module is missing, where the circle is, or what stands behind it."""
    assert resolve_order(requires)[1] == reasons


def test_two_circles_are_both_told() -> None:
    """Each of two separate circles is told to its own members; who requires one of them reads that."""
    order, refused = resolve_order({"a": ("b",), "b": ("a",), "c": ("d",), "d": ("c",), "e": ("a",), "f": ()})
    assert order == ["f"]
    assert {refused["a"], refused["b"]} <= {
        "requires itself in a circle: a → b → a",
        "requires itself in a circle: b → a → b",
    }
    assert "c" in refused["d"]
    assert refused["e"] == "requires a, which cannot start"
