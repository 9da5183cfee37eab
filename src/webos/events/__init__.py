"""Events between modules: the envelope, the in-process bus, and durable events.

It knows the kernel and the data layer.
"""

from webos.events.bus import EventBus
from webos.events.catalogue import TopicInfo
from webos.events.declaration import collect_subscriptions, subscribe
from webos.events.durable.delivery import DeliveryState, EventDelivery
from webos.events.durable.service import MANAGE_EVENTS, EventService
from webos.events.envelope import EventEnvelope
from webos.events.identity import UserLoader, user_by_id
from webos.events.module_bus import ModuleBus
from webos.events.payload import InvalidPayloadError, collect_payloads, emits
from webos.events.subscription import Handler, Subscription
from webos.events.topic import InvalidTopicError

__all__ = [
    "MANAGE_EVENTS",
    "DeliveryState",
    "EventBus",
    "EventDelivery",
    "EventEnvelope",
    "EventService",
    "Handler",
    "InvalidPayloadError",
    "InvalidTopicError",
    "ModuleBus",
    "Subscription",
    "TopicInfo",
    "UserLoader",
    "collect_payloads",
    "collect_subscriptions",
    "emits",
    "subscribe",
    "user_by_id",
]
