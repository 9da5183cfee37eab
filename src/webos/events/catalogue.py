"""Who emits and who listens, by topic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webos.events.bus import EventBus
from webos.events.durable.subscribers import Subscriber
from webos.events.topic import matches

__all__ = ["TopicInfo", "catalogue"]


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """What is known of a topic.

    Attributes:
        topic: `entity:action`.
        emitters: Modules that declare it, that name it in their code, or that have emitted it.
        listeners: Subscribers whose pattern matches it, `module.function`.
        payload: Name of the model that its payload is held to; empty where there is none.
        fields: Fields of that model, each with its type in words.
    """

    topic: str
    emitters: tuple[str, ...]
    listeners: tuple[str, ...]
    payload: str
    fields: Mapping[str, str]


def catalogue(bus: EventBus, written: Mapping[str, Iterable[str]], away: Iterable[Subscriber] = ()) -> list[TopicInfo]:
    """Return every topic that is declared, written in a module's code, emitted or subscribed to, sorted.

    Args:
        bus: The bus.
        written: Topics that the code of each module emits, by the module's name.
        away: Durable subscribers, also those whose module does not run.
    """
    emitters: dict[str, set[str]] = {topic: set(sources) for topic, sources in bus.sources.items()}
    for topic, owner in bus.payloads.owners().items():
        emitters.setdefault(topic, set()).add(owner)
    for module, topics in written.items():
        for topic in topics:
            emitters.setdefault(topic, set()).add(module)
    listening = {(each.pattern, each.key if each.owner else each.name) for each in bus.subscriptions}
    listening |= {(pattern, each.name) for each in away for pattern in each.patterns}
    topics = {*emitters, *(pattern for pattern, _ in listening if "*" not in pattern)}
    return [
        TopicInfo(
            topic,
            tuple(sorted(name or "webos" for name in emitters.get(topic, ()))),
            tuple(sorted({name for pattern, name in listening if matches(pattern, topic)})),
            *_form(bus, topic),
        )
        for topic in sorted(topics)
    ]


def _form(bus: EventBus, topic: str) -> tuple[str, dict[str, str]]:
    model = bus.payloads.of(topic)
    if model is None:
        return "", {}
    fields = {
        name: getattr(field.annotation, "__name__", str(field.annotation)) for name, field in model.model_fields.items()
    }
    return model.__name__, fields
