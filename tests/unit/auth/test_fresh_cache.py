"""The cache behind sessions and users."""

from tests.integration.auth.site import Clock
from webos.auth.fresh_cache import FreshCache


def test_forgets_at_the_deadline() -> None:
    """A value is there until its deadline and not a moment longer."""
    clock = Clock()
    cache: FreshCache[str, int] = FreshCache(10, clock)
    cache.put("a", 1, deadline=clock() + 5, generation=0)
    clock.advance(4.999)
    assert cache.get("a") == (1005.0, 1)
    clock.advance(0.001)
    assert cache.get("a") is None


def test_does_not_keep_what_was_read_before_a_drop() -> None:
    """A slow read that began before a change must not bring the old state back."""
    cache: FreshCache[str, int] = FreshCache(10, Clock())
    before = cache.generation
    cache.discard("other")
    cache.put("a", 1, deadline=2000, generation=before)
    assert cache.get("a") is None
    cache.put("a", 2, deadline=2000, generation=cache.generation)
    assert cache.get("a") == (2000, 2)


def test_drops_what_is_stale() -> None:
    """Only what the question says yes to goes."""
    cache: FreshCache[str, int] = FreshCache(10, Clock())
    for key, value in {"a": 1, "b": 2, "c": 1}.items():
        cache.put(key, value, deadline=2000, generation=0)
    cache.drop(lambda _, value: value == 1)
    assert [key for key in "abc" if cache.get(key)] == ["b"]
    cache.clear()
    assert cache.get("b") is None


def test_is_bounded() -> None:
    """The oldest goes first; a renewed one is young again."""
    cache: FreshCache[int, int] = FreshCache(3, Clock())
    for key in (1, 2, 3, 1, 4):
        cache.put(key, key, deadline=2000, generation=0)
    assert [key for key in range(6) if cache.get(key)] == [1, 3, 4]
