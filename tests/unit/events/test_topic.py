"""Topics and patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.events.topic import InvalidTopicError, check_pattern, check_topic, matches

PART = st.from_regex(r"[A-Za-z0-9_.-]+", fullmatch=True)


@pytest.mark.parametrize(
    "topic", ["", "users", "users:", ":created", "a:b:c", "users:*", "*", "us ers:created", "a:b\n"]
)
def test_refuses_what_is_no_topic(topic: str) -> None:
    """A topic has an entity and an action, and no wildcard."""
    with pytest.raises(InvalidTopicError, match="not a topic"):
        check_topic(topic)


@pytest.mark.parametrize("pattern", ["", "users", "user*:created", "**", "a:b:c", "*:", "users:* "])
def test_refuses_what_matches_nothing(pattern: str) -> None:
    """A pattern that could never match is an error and not silence."""
    with pytest.raises(InvalidTopicError, match="matches no topic"):
        check_pattern(pattern)


@given(entity=PART, action=PART, other=PART)
def test_matches_its_own_topics_only(entity: str, action: str, other: str) -> None:
    """Wildcards stand for one whole part, and names for themselves."""
    topic = f"{entity}:{action}"
    check_topic(topic)
    for pattern in (topic, f"{entity}:*", f"*:{action}", "*:*", "*"):
        check_pattern(pattern)
        assert matches(pattern, topic)
    assert matches(f"{other}:*", topic) == (other == entity)
    assert matches(f"*:{other}", topic) == (other == action)
