"""Who emits and who listens."""

from pathlib import Path

from pydantic import BaseModel

from webos.events import EventBus, EventEnvelope, TopicInfo
from webos.events.catalogue import catalogue
from webos.events.durable.subscribers import Subscriber
from webos.events.emissions import written_topics


class Sent(BaseModel):
    """A payload."""

    number: str
    grams: int = 0


async def listen(_: EventEnvelope) -> None: ...


async def test_the_catalogue_knows_all_who_have_to_do_with_a_topic() -> None:
    """Emitters are those that declare, write or emit a topic; listeners all whose pattern matches, also away ones."""
    bus = EventBus()
    bus.subscribe("parcel:*", listen, name="note", owner="mailroom")
    bus.subscribe("order:closed", listen, name="watch")
    bus.declare("parcel:sent", Sent, "parcels")
    await bus.emit("order:approved", source="orders")
    await bus.emit("order:approved")
    found = catalogue(bus, {"shop": ["parcel:sent", "parcel:lost"]}, [Subscriber("away.take", "away", ("*:approved",))])
    assert found == [
        TopicInfo("order:approved", ("orders", "webos"), ("away.take",), "", {}),
        TopicInfo("order:closed", (), ("watch",), "", {}),
        TopicInfo("parcel:lost", ("shop",), ("mailroom.note",), "", {}),
        TopicInfo("parcel:sent", ("parcels", "shop"), ("mailroom.note",), "Sent", {"number": "str", "grams": "int"}),
    ]


def test_topics_are_read_from_the_code(tmp_path: Path) -> None:
    """A topic that stands as text in a call of `emit` is found; broken files and other calls are passed over."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "service.py").write_text(
        "async def f(self, topic):\n"
        "    await self.bus.emit('order:approved', {})\n"
        "    await self.bus.emit(topic)\n"
        "    await self.bus.emit('not a topic')\n"
        "    emit('order:free')\n"
        "    self.bus.emit()\n"
    )
    (tmp_path / "inner" / "deep.py").write_text("bus.emit('order:deep')")
    (tmp_path / "broken.py").write_text("def :")
    assert written_topics(tmp_path) == {"order:approved", "order:deep"}
