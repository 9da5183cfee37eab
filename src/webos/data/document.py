"""The base classes of all business entities."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from beanie import Document
from beanie.odm.actions import ActionDirections, EventTypes, wrap_with_actions
from beanie.odm.bulk import BulkWriter
from beanie.odm.documents import MergeStrategy
from beanie.odm.fields import DeleteRules, WriteRules
from beanie.odm.queries.update import UpdateOne as UpdateOneQuery
from beanie.odm.utils.self_validation import validate_self_before
from beanie.odm.utils.state import save_state_after
from pydantic import ConfigDict, Field, PrivateAttr
from pymongo import DeleteOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError
from pymongo.results import DeleteResult

from webos.data.bulk_insert import insert_missing
from webos.data.conflicts import taken_error
from webos.data.fetching import fetched_links, restore_references
from webos.data.inserting import insert_new
from webos.data.lifecycle import Lifecycle
from webos.data.loaded import LoadedFindMany, LoadedFindOne
from webos.data.policy import PROTECTED_FIELDS
from webos.data.secret.revealing import equality_filter, reveal
from webos.data.subclassing import merge_settings, restore_defaults
from webos.data.writing import (
    act,
    all_fields,
    delete,
    queue,
    read_as,
    read_back,
    refuse_cascade,
    save,
    with_actions,
    write,
    write_and_read,
)
from webos.kernel.errors import ConflictError, NotFoundError

__all__ = ["AUDIT_FIELDS", "CoreDocument", "OwnedDocument"]

AUDIT_FIELDS = (*sorted(PROTECTED_FIELDS), "revision_id")
"""Fields that every document has and that forms and inputs leave out."""


class CoreDocument(Lifecycle, Document):
    """A document with author, times, soft deletion and a revision that finds lost updates.

    The stamps are written by the guard on every path to the database; what a caller puts there is not believed.

    Attributes:
        created_at: When it was first stored, in UTC.
        created_by: Id of the user who first stored it.
        updated_at: When it was last changed, in UTC.
        updated_by: Id of the user who last changed it.
        deleted_at: When it was deleted; None while it is live.
        revision: Number of writes so far; 0 before it is stored.
    """

    # What does not validate may be a secret; an error is logged and must not repeat it.
    model_config = ConfigDict(hide_input_in_errors=True)

    __abstract__: ClassVar[bool] = True
    __webos_name__: ClassVar[str] = ""
    _find_many_query_class: ClassVar[type] = LoadedFindMany
    _find_one_query_class: ClassVar[type] = LoadedFindOne
    _loaded: dict[str, Any] | None = PrivateAttr(default=None)

    created_at: datetime | None = Field(default=None, title="Created")
    created_by: UUID | None = Field(default=None, title="Created by")
    updated_at: datetime | None = Field(default=None, title="Changed")
    updated_by: UUID | None = Field(default=None, title="Changed by")
    deleted_at: datetime | None = Field(default=None, title="Deleted")
    revision: int = Field(default=0, title="Revision")

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the fields
        super().__init__(*args, **kwargs)

    # Pydantic then makes a document that was read without a call of `__init__`: a fifth of the time.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    class Settings:
        """Settings of a model; a child's are merged with its parent's.

        Attributes:
            max_nesting_depth: Levels of links that `fetch_links=True` resolves.
            name: Name of the collection; the name of the model where None. A child does not inherit it.
        """

        max_nesting_depth = 1
        name: str | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - Pydantic's signature
        super().__pydantic_init_subclass__(**kwargs)
        merge_settings(cls)
        restore_defaults(cls)

    @classmethod
    def _taken(cls, error: DuplicateKeyError) -> ConflictError:
        return taken_error(cls.__name__, error)

    async def insert(
        self,
        *,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
        session: AsyncClientSession | None = None,
        skip_actions: list[ActionDirections | str] | None = None,
    ) -> Self:
        """Store the document for the first time.

        Raises:
            ConflictError: A value that must be unique is taken; `fields` names it.
        """
        await insert_new(self, session=session, link_rule=link_rule, skipped=skip_actions)
        return self

    @classmethod
    async def insert_missing(cls, documents: Iterable[Self]) -> int:
        """Store those of many documents whose id is not stored yet, and return how many these are.

        A stored document with the same id stays as it is, also a deleted one. The documents at hand do not get the
        stamps of the stored ones, and no event actions run. It is no transaction: what is stored stays stored.

        Args:
            documents: The documents. They are read in a thread, some at a time, so that they may be made meanwhile.

        Raises:
            ConflictError: A value that must be unique is taken; `fields` names it.
        """
        try:
            return await insert_missing(cls, documents)
        except DuplicateKeyError as error:
            raise cls._taken(error) from None

    @validate_self_before
    @wrap_with_actions(EventTypes.SAVE)
    @save_state_after
    async def save(
        self,
        session: AsyncClientSession | None = None,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
        ignore_revision: bool = False,  # noqa: FBT001, FBT002 - Beanie's signature
        **kwargs: Any,  # noqa: ANN401 - Beanie's signature
    ) -> Self:
        """Store the document: the first time as a new one, later what was changed of it since it was read.

        What others have changed in other fields meanwhile is kept, and is in the document afterwards.

        Raises:
            EditConflictError: Somebody else has changed the same fields meanwhile.
            ConflictError: A value that must be unique is taken.
            NotFoundError: It does not exist any more.
        """
        skipped = kwargs.pop("skip_actions", None)
        if self.revision == 0:
            return await self.insert(link_rule=link_rule, session=session, skip_actions=skipped)
        refuse_cascade(link_rule)
        await act(self, EventTypes.UPDATE, ActionDirections.BEFORE, skipped)
        await save(self, session=session, ignore_revision=ignore_revision, **kwargs)
        await act(self, EventTypes.UPDATE, ActionDirections.AFTER, skipped)
        return self

    @validate_self_before
    @wrap_with_actions(EventTypes.REPLACE)
    @save_state_after
    async def replace(
        self,
        ignore_revision: bool = False,  # noqa: FBT001, FBT002 - Beanie's signature
        session: AsyncClientSession | None = None,
        bulk_writer: BulkWriter | None = None,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
        skip_actions: list[ActionDirections | str] | None = None,
    ) -> Self:
        """Store all fields of an existing document, now or with the rest of a bulk writer.

        Raises:
            ConflictError: It was changed since it was read, or a value that must be unique is taken.
            NotFoundError: It does not exist any more.
        """
        del skip_actions
        refuse_cascade(link_rule)
        if self.id is None or self.revision == 0:
            msg = f"this {type(self).__name__} was never stored"
            raise NotFoundError(msg)
        if bulk_writer is None:
            await write(self, all_fields(self), session=session, ignore_revision=ignore_revision)
        else:
            queue(self, bulk_writer, all_fields(self), ignore_revision=ignore_revision)
        return self

    @save_state_after
    async def update(
        self,
        *args: Mapping[Any, Any],
        ignore_revision: bool = False,
        session: AsyncClientSession | None = None,
        bulk_writer: BulkWriter | None = None,
        skip_actions: list[ActionDirections | str] | None = None,
        skip_sync: bool | None = None,
        **pymongo_kwargs: Any,  # noqa: ANN401 - Beanie's signature
    ) -> Self:
        """Change single fields of the stored document and read it back, or do it with the rest of a bulk writer.

        Raises:
            ConflictError: It was changed since it was read, or a value that must be unique is taken.
            NotFoundError: It does not exist any more.
        """
        del skip_sync
        expressions = await with_actions(self, list(args), skip_actions)
        change = UpdateOneQuery(type(self), {}).update(*expressions).update_query
        if bulk_writer is None:
            await write_and_read(self, change, session=session, ignore_revision=ignore_revision, **pymongo_kwargs)
        else:
            queue(self, bulk_writer, change, ignore_revision=ignore_revision, **pymongo_kwargs)
        await act(self, EventTypes.UPDATE, ActionDirections.AFTER, skip_actions)
        return self

    @wrap_with_actions(EventTypes.DELETE)
    async def delete(
        self,
        session: AsyncClientSession | None = None,
        bulk_writer: BulkWriter | None = None,
        link_rule: DeleteRules = DeleteRules.DO_NOTHING,
        skip_actions: list[ActionDirections | str] | None = None,
        *,
        ignore_revision: bool = False,
        **pymongo_kwargs: Any,  # noqa: ANN401 - Beanie's signature
    ) -> DeleteResult | None:
        """Mark the document as deleted.

        Raises:
            ConflictError: It was changed since it was read.
            NotFoundError: It does not exist any more.
        """
        del skip_actions
        if link_rule is DeleteRules.DELETE_LINKS:
            for linked in fetched_links(self):
                await linked.delete(session=session, link_rule=link_rule, **pymongo_kwargs)
        query = read_as(self, ignore_revision=ignore_revision)
        if bulk_writer is not None:
            bulk_writer.add_operation(type(self), DeleteOne(query, **pymongo_kwargs))
            return None
        return await delete(self, query, session=session, **pymongo_kwargs)

    async def sync(self, merge_strategy: MergeStrategy = MergeStrategy.remote) -> None:
        """Bring the document to what is stored; links as well, which Beanie would leave as they are.

        Args:
            merge_strategy: `local` keeps changes that were not saved yet, on models with state management.

        Raises:
            NotFoundError: It does not exist any more.
        """
        if merge_strategy is MergeStrategy.local:
            await super().sync(merge_strategy)
            return
        await read_back(self, None)

    async def reveal(self, field: str) -> str | None:
        """Return the text of a secret field, as far as the acting user may read it now; it leaves an entry.

        Args:
            field: Name of the field.

        Raises:
            InvalidInputError: The field is no secret.
            NotFoundError: The document does not exist any more, at least for the acting user.
            SecretKeyMissingError: The key is missing.
            SecretDamagedError: The value was changed, or belongs to another document.
        """
        return await reveal(self, field)

    @classmethod
    def secret_equals(cls, field: str, text: str) -> dict[str, Any]:
        """Return the filter for documents whose searchable secret `field` is `text`.

        Raises:
            InvalidInputError: The field is no searchable secret.
        """
        return equality_filter(cls, field, text)

    @classmethod
    def _fill_back_refs(cls, values: Any) -> Any:  # noqa: ANN401 - whatever is validated
        links = cls.get_link_fields()
        if links and isinstance(values, dict):
            restore_references(links, values)
        return super()._fill_back_refs(values)  # type: ignore[no-untyped-call]


class OwnedDocument(CoreDocument):
    """A document that only its author reaches, and superusers."""

    __abstract__: ClassVar[bool] = True
