"""A collection behind the guard: the driver's methods, one by one, under the rules of the collection."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from pymongo import IndexModel
from pymongo.asynchronous.collection import AsyncCollection

from webos.data.guard import options as allowed
from webos.data.guard.created import demand_upsert, unwritable_error
from webos.data.guard.cursor import GuardedCursor, Row, current_reader, demand_reader
from webos.data.guard.fields import field_rights
from webos.data.guard.indexes import guard_indexes
from webos.data.guard.lifecycle import LifecycleMethods
from webos.data.guard.names import filter_names, listed_names
from webos.data.guard.options import checked
from webos.data.guard.pipelines import PipelineRules, guard_pipeline
from webos.data.guard.queries import merge_filter, names_protected_field, restriction, scan_for_code
from webos.data.guard.refusal import GuardRefusalError
from webos.data.guard.updates import stamp_replacement
from webos.data.policy import CollectionPolicy
from webos.data.rules.rule import READ, WRITE
from webos.data.scope import in_system_context
from webos.data.secret.reads import refuse_conditions, refuse_keys

if TYPE_CHECKING:
    from webos.data.guard.database import GuardedDatabase

__all__ = ["GuardedCollection"]

Filter = Mapping[str, Any] | None
Projection = Mapping[str, Any] | Iterable[str] | None


class GuardedCollection(LifecycleMethods):
    """The collection that Beanie works with.

    Methods that are not here are refused, so that a new one of the driver is closed until it was thought about.

    Args:
        raw: The driver's collection.
        joined: The same for pipelines, which may bring documents of other collections.
        database: The guarded database it belongs to.

    Attributes:
        name: Name of the collection.
        database: The guarded database it belongs to.
    """

    __slots__ = ("_joined", "_raw", "database", "name")

    def __init__(self, raw: AsyncCollection[Row], joined: AsyncCollection[Row], database: "GuardedDatabase") -> None:
        self._raw = raw
        self._joined = joined
        self.name = raw.name
        self.database = database

    @property
    def policy(self) -> CollectionPolicy:
        """Rules of the collection.

        Raises:
            GuardRefusalError: It was closed since, for its module does not run any more.
        """
        return self.database.policy(self.name)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        msg = f"{self.name}.{name} is not open to modules"
        raise GuardRefusalError(msg)

    # Reading

    def find(self, filter: Filter = None, projection: Projection = None, **options: Any) -> GuardedCursor:  # noqa: A002, ANN401 - as the driver
        """Find documents; the rules are applied when the cursor is first read."""
        checked(options, allowed.FIND)
        self._refuse_secret_order(options)
        scan_for_code(projection)
        return GuardedCursor(
            lambda: self._raw.find(self.restrict(filter), self.readable(projection, options), **options)
        )

    async def find_one(self, filter: Any = None, projection: Projection = None, **options: Any) -> Row | None:  # noqa: A002, ANN401
        """Return one document, or None; a filter that is no mapping is an id."""
        checked(options, allowed.FIND)
        self._refuse_secret_order(options)
        scan_for_code(projection)
        query = filter if filter is None or isinstance(filter, Mapping) else {"_id": filter}
        return await self._raw.find_one(self.restrict(query), self.readable(projection, options), **options)

    async def raw_batches(self, query: Filter, fields: Mapping[str, int], **options: Any) -> AsyncIterator[bytes]:  # noqa: ANN401
        """Yield documents that match as undecoded batches, for who needs only a little of very many."""
        checked(options, allowed.FIND)
        self._refuse_secret_order(options)
        scan_for_code(fields)
        reader = current_reader()
        shown = self.readable(fields, options)
        cursor = self._raw.find_raw_batches(self.restrict(query), shown, **options)
        try:
            async for batch in cursor:
                demand_reader(reader)
                yield cast("bytes", batch)  # the driver's types say a document
        finally:
            await cursor.close()

    async def count_documents(self, filter: Filter = None, **options: Any) -> int:  # noqa: A002, ANN401
        """Count the documents that match."""
        checked(options, allowed.COUNT)
        self._demand_readable((), options)
        return await self._raw.count_documents(self.restrict(filter), **options)

    async def distinct(self, key: str, filter: Filter = None, **options: Any) -> list[Any]:  # noqa: A002, ANN401
        """Return the different values of `key`."""
        checked(options, allowed.DISTINCT)
        refuse_keys(self.policy, key)
        self._demand_readable(listed_names(key), options)
        return await self._raw.distinct(key, self.restrict(filter), **options)

    async def aggregate(self, pipeline: Sequence[Row], **options: Any) -> GuardedCursor:  # noqa: ANN401
        """Run a pipeline of allowed stages."""
        checked(options, allowed.AGGREGATE)
        self._demand_readable((), options)
        rules = PipelineRules(self.database.policy, filter_joined=self.database.traits.scanning_lookups)
        guarded = guard_pipeline(self.policy, pipeline, rules)
        reader = current_reader()
        return GuardedCursor.opened(await self._joined.aggregate(guarded, **options), reader)

    # Set-up, for the framework only

    async def create_indexes(self, indexes: Sequence[IndexModel], **options: Any) -> list[str]:  # noqa: ANN401
        """Create indexes, made fit for the rules."""
        self._demand_system("create_indexes")
        strict = self.database.traits.strict_indexes
        return await self._raw.create_indexes(guard_indexes(self.policy, indexes, strict=strict), **options)

    async def index_information(self, **options: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Return the collection's indexes."""
        self._demand_system("index_information")
        return await self._raw.index_information(**options)

    async def estimated_size(self) -> int:
        """Return about how many documents there are, deleted ones too."""
        self._demand_system("estimated_size")
        return await self._raw.estimated_document_count()

    # The rules

    def restrict(self, query: Filter, action: str = READ) -> dict[str, Any]:
        """Return a filter that matches what `query` matches and the acting user may see, or also change.

        Args:
            query: The filter.
            action: `read` or `write`.

        Raises:
            PermissionDeniedError: It asks for a field that he may not see.
        """
        policy = self.policy
        refuse_conditions(policy, query)
        if query and (rights := field_rights(policy)) is not None:
            rights.demand(filter_names(query))
        return merge_filter(query, restriction(policy, action))

    def readable(self, projection: Projection, options: Mapping[str, Any]) -> Projection:
        """Return a projection without the fields that the acting user may not see.

        Args:
            projection: What is asked for.
            options: The options of the read.

        Raises:
            PermissionDeniedError: An expression or an option names such a field.
        """
        rights = field_rights(self.policy)
        if rights is None:
            return projection
        rights.demand_options(options)
        return rights.projection(projection)

    def restrict_write(self, query: Filter, *, upsert: bool) -> dict[str, Any]:
        """Return the filter of a change; that of an upsert must not bring stamps into a new document.

        Raises:
            GuardRefusalError: It would.
        """
        restricted = self.restrict(query, WRITE)
        if upsert:
            demand_upsert(self.policy)
        if upsert and query and names_protected_field(query):
            msg = "an upsert must not take protected fields from its filter"
            raise GuardRefusalError(msg)
        return restricted

    def restrict_replacement(
        self, query: Filter, replacement: Row, *, upsert: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the filter and the update that a replacement comes to.

        Raises:
            GuardRefusalError: It would make a new document.
        """
        if upsert:
            msg = "a replacement cannot make a new document; insert it"
            raise GuardRefusalError(msg)
        restricted = self.restrict(query, WRITE)
        based_on, update = stamp_replacement(self.policy, replacement)
        return merge_filter(restricted, based_on), update

    async def explain_miss(self, query: Filter, session: Any = None) -> None:  # noqa: ANN401 - the driver's, or None
        """Raise if a write met no document because the acting user may see it and not change it.

        Args:
            query: The filter of the write.
            session: For a transaction.

        Raises:
            PermissionDeniedError: That is so.
        """
        policy = self.policy
        readable, writable = restriction(policy), restriction(policy, WRITE)
        if readable == writable or await self._raw.find_one(merge_filter(query, writable), {"_id": 1}, session=session):
            return
        if await self._raw.find_one(merge_filter(query, readable), {"_id": 1}, session=session):
            raise unwritable_error(policy)

    def _refuse_secret_order(self, options: Mapping[str, Any]) -> None:
        for name in ("sort", "min", "max"):
            refuse_keys(self.policy, options.get(name))

    def _demand_readable(self, names: Iterable[str], options: Mapping[str, Any]) -> None:
        rights = field_rights(self.policy)
        if rights is not None:
            rights.demand(names)
            rights.demand_options(options)

    def _demand_system(self, method: str) -> None:
        if not in_system_context():
            msg = f"{self.name}.{method} is for the framework only"
            raise GuardRefusalError(msg)
