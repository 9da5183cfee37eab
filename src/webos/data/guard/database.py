"""The database behind the guard: collections by name, each under its policy."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from webos.data.audit.journal import Journal
from webos.data.codec import with_codecs
from webos.data.guard.collection import GuardedCollection
from webos.data.guard.grant_scope import current_grant
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy
from webos.data.secret import Keyring
from webos.data.secret.catalogue import SecretCatalogue
from webos.data.server_traits import ServerTraits

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from webos.data.guard.cursor import Row

__all__ = ["GuardedDatabase"]


class GuardedDatabase:
    """The database that Beanie works with: it opens registered collections only.

    Args:
        raw: The driver's database.
        traits: The server's ways; `adapt` takes them later if they are not known yet.
        keyring: The keys for secret fields.

    Attributes:
        keyring: The keys for secret fields.
        secrets: Which fields are secret.
        journal: Where each change leaves its entry.
    """

    __slots__ = ("_decimals", "_plain", "_policies", "journal", "keyring", "secrets", "traits")

    def __init__(
        self, raw: "AsyncDatabase[Row]", traits: ServerTraits | None = None, keyring: Keyring | None = None
    ) -> None:
        self.keyring = keyring
        self.traits = traits or ServerTraits(major_version=0)
        self._plain = with_codecs(raw, reading=False)
        self._decimals = with_codecs(raw, reading=True)
        self._policies: dict[str, CollectionPolicy] = {}
        self.journal = Journal(self._decimals)
        self.secrets = SecretCatalogue(self._plain)

    def adapt(self, traits: ServerTraits) -> None:
        """Take the server's ways into account, once they are known."""
        self.traits = traits

    @property
    def reads_all_matches(self) -> bool:
        """Whether the server reads every match before it gives the first."""
        return self.traits.reads_all_matches

    @property
    def name(self) -> str:
        """Name of the database."""
        return self._plain.name

    def register(self, policy: CollectionPolicy) -> None:
        """Open a collection under `policy`.

        Raises:
            ValueError: Another model has the collection already.
        """
        known = self._policies.get(policy.collection)
        if known is not None and known.model != policy.model:
            msg = f"the collection {policy.collection!r} of {policy.model} already belongs to {known.model}"
            raise ValueError(msg)
        self._policies[policy.collection] = policy

    async def refuse_views(self, names: Iterable[str]) -> None:
        """Refuse names that are views on the server: what a view looks up there, no rule of the guard reaches.

        Raises:
            ValueError: One of them is a view.
        """
        wanted = {"type": "view", "name": {"$in": list(names)}}
        async for found in await self._plain.list_collections(filter=wanted):
            msg = f"{found['name']!r} is a view on the server; a model needs a collection of its own"
            raise ValueError(msg)

    def unregister(self, collection: str) -> None:
        """Close a collection again."""
        self._policies.pop(collection, None)

    def policy(self, collection: str) -> CollectionPolicy:
        """Return the rules of `collection`.

        Raises:
            GuardRefusalError: It is not registered, or a granted read of another one runs.
        """
        grant = current_grant()
        if grant is not None and collection != grant.collection:
            msg = f"{grant.consumer} reads {grant.model}; the collection {collection!r} is not open in this read"
            raise GuardRefusalError(msg)
        try:
            return self._policies[collection]
        except KeyError:
            msg = f"the collection {collection!r} is not registered"
            raise GuardRefusalError(msg) from None

    def __getitem__(self, name: str) -> GuardedCollection:
        """Open a collection.

        Raises:
            GuardRefusalError: It is not registered.
        """
        joined = self._decimals[name]
        return GuardedCollection(joined if self.policy(name).decimals else self._plain[name], joined, self)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        msg = f"database.{name} is not open to modules"
        raise GuardRefusalError(msg)
