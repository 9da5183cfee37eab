"""Who gets the events of which topic."""

from collections.abc import Mapping
from types import MappingProxyType

from webos.events.payload import PayloadForms
from webos.events.route import Route
from webos.events.subscription import Subscription
from webos.events.topic import check_topic, matches

__all__ = ["RouteTable"]

# Topics are few; should a module make them up without end, the memory for their routes stays bounded.
_MOST_ROUTES = 4096


class RouteTable:
    """The subscriptions of a bus, and the routes that follow from them.

    Attributes:
        subscriptions: All subscriptions, in the order in which they were made.
        payloads: The payloads that modules declare.
        routes: The routes that are known already, by topic.
        durable: One subscription of each durable subscriber by its key, as they are at any time.
    """

    def __init__(self) -> None:
        self.subscriptions: list[Subscription] = []
        self.payloads = PayloadForms()
        self.routes: dict[str, Route] = {}
        self._durable: dict[str, Subscription] = {}
        self.durable: Mapping[str, Subscription] = MappingProxyType(self._durable)
        self._sources: dict[str, set[str]] = {}

    def add(self, subscription: Subscription) -> None:
        """Take a subscription into account."""
        self.subscriptions.append(subscription)
        if subscription.durable:
            self._durable.setdefault(subscription.key, subscription)
        self.routes.clear()

    def remove(self, subscription: Subscription) -> bool:
        """Leave a subscription out, and return whether it was there."""
        if subscription not in self.subscriptions:
            return False
        self.subscriptions.remove(subscription)
        # The same dictionary, for others look into it.
        self._durable.clear()
        self._durable.update({each.key: each for each in reversed(self.subscriptions) if each.durable})
        self.routes.clear()
        return True

    def find(self, topic: str) -> Route:
        """Return the route of a topic.

        Raises:
            InvalidTopicError: The topic is not `entity:action`.
        """
        check_topic(topic)
        if len(self.routes) >= _MOST_ROUTES:
            self.routes.clear()
            self._sources.clear()
        listening = [each for each in self.subscriptions if matches(each.pattern, topic)]
        route = Route(
            mailboxes=tuple(each.mailbox for each in listening),
            passing=tuple(each.mailbox for each in listening if not each.durable),
            is_typed=self.payloads.of(topic) is not None,
            sources=self._sources.setdefault(topic, set()),
        )
        self.routes[topic] = route
        return route

    def sources(self) -> dict[str, set[str]]:
        """Return the modules that have emitted a topic since the process started, by topic."""
        return {topic: set(sources) for topic, sources in self._sources.items() if sources}
