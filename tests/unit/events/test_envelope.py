"""The envelope."""

import dataclasses
from typing import Any
from uuid import uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.events import EventEnvelope, InvalidTopicError
from webos.events.envelope import seal

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(payload=st.dictionaries(st.text(), JSON, max_size=4), user_id=st.none() | st.uuids(), source=st.text())
def test_survives_a_trip_as_json(payload: dict[str, Any], user_id: Any, source: str) -> None:
    """What `to_dict` gives is JSON and makes the same envelope again."""
    envelope = EventEnvelope("users:created", payload, source=source, user_id=user_id)
    assert EventEnvelope.from_dict(orjson.loads(orjson.dumps(envelope.to_dict()))) == envelope


def test_cannot_be_changed() -> None:
    """An envelope is shared by all subscribers, so it is frozen, however it was made."""
    for envelope in (EventEnvelope("a:b"), seal("a:b", {}, "", "t", event_id="1", user_id=None)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            envelope.topic = "c:d"  # type: ignore[misc]


def test_sealed_envelope_is_an_ordinary_one() -> None:
    """The quick way to an envelope gives what the slow one gives."""
    user_id = uuid4()
    quick = seal("a:b", {"x": 1}, "shop", "t", event_id="1", user_id=user_id)
    slow = EventEnvelope("a:b", {"x": 1}, "shop", "t", quick.timestamp, "1", user_id)
    assert quick == slow
    assert type(quick) is EventEnvelope
    assert repr(quick) == repr(slow)


def test_refuses_a_topic_of_another_form() -> None:
    """Nobody can send what no pattern could match."""
    with pytest.raises(InvalidTopicError):
        EventEnvelope("created")
