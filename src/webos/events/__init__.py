"""Events between modules: the envelope and the in-process bus.

It knows the kernel and the data layer.
"""

from webos.events.bus import EventBus
from webos.events.declaration import collect_subscriptions, subscribe
from webos.events.envelope import EventEnvelope
from webos.events.identity import UserLoader, user_by_id
from webos.events.module_bus import ModuleBus
from webos.events.subscription import Handler, Subscription
from webos.events.topic import InvalidTopicError

__all__ = [
    "EventBus",
    "EventEnvelope",
    "Handler",
    "InvalidTopicError",
    "ModuleBus",
    "Subscription",
    "UserLoader",
    "collect_subscriptions",
    "subscribe",
    "user_by_id",
]
