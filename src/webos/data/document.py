"""The base classes of all business entities."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from beanie import Document
from beanie.odm.actions import ActionDirections, EventTypes, wrap_with_actions
from beanie.odm.bulk import BulkWriter
from beanie.odm.fields import DeleteRules, WriteRules
from beanie.odm.utils.dump import get_dict
from beanie.odm.utils.self_validation import validate_self_before
from beanie.odm.utils.state import save_state_after
from pydantic import Field
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError
from pymongo.results import DeleteResult, UpdateResult

from webos.data.policy import PROTECTED_FIELDS
from webos.data.stamp import Stamp, stamping
from webos.kernel.errors import ConflictError, NotFoundError

__all__ = ["AUDIT_FIELDS", "CoreDocument", "OwnedDocument"]

AUDIT_FIELDS = (*sorted(PROTECTED_FIELDS), "revision_id")
"""Fields that every document has and that forms and inputs leave out."""


class CoreDocument(Document):
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

    __abstract__: ClassVar[bool] = True
    __webos_name__: ClassVar[str] = ""

    created_at: datetime | None = Field(default=None, title="Created")
    created_by: UUID | None = Field(default=None, title="Created by")
    updated_at: datetime | None = Field(default=None, title="Changed")
    updated_by: UUID | None = Field(default=None, title="Changed by")
    deleted_at: datetime | None = Field(default=None, title="Deleted")
    revision: int = Field(default=0, title="Revision")

    class Settings:
        """Settings of a model; a child's are merged with its parent's.

        Attributes:
            max_nesting_depth: Levels of links that `fetch_links=True` resolves.
        """

        max_nesting_depth = 1

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - Pydantic's signature
        super().__pydantic_init_subclass__(**kwargs)
        own = cls.__dict__.get("Settings")
        inherited = next((base.__dict__["Settings"] for base in cls.__mro__[1:] if "Settings" in base.__dict__), None)
        if own is not None and inherited is not None and not issubclass(own, inherited):
            cls.Settings = type("Settings", (own, inherited), {})  # type: ignore[misc,assignment]  # Beanie reads it by name

    def _mark(self, stamp: Stamp) -> None:
        self.updated_at = stamp.at
        self.updated_by = stamp.by
        self.revision += 1

    @classmethod
    def _taken(cls, error: DuplicateKeyError) -> Exception:
        """Say which field must be unique, without showing the other document."""
        keys = (error.details or {}).get("keyPattern") or {}
        names = [name for name in keys if name not in {"deleted_at", "_id"}] or _keys_from(str(error))
        if not names:
            # A foreign id must look like a missing one, else it would tell that the document exists.
            return NotFoundError(f"no such {cls.__name__}")
        label = " and ".join(names)
        return ConflictError(
            f"{cls.__name__} with this {label} exists already",
            fields=dict.fromkeys(names, "This value is already in use."),
        )

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
        with stamping() as stamp:
            before = {name: getattr(self, name) for name in PROTECTED_FIELDS}
            self.created_at, self.created_by, self.deleted_at, self.revision = stamp.at, stamp.by, None, 0
            self._mark(stamp)
            try:
                await super().insert(link_rule=link_rule, session=session, skip_actions=skip_actions)
            except BaseException as error:
                for name, value in before.items():
                    setattr(self, name, value)
                if isinstance(error, DuplicateKeyError):
                    raise self._taken(error) from None
                raise
        return self

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
        """Store the document as it is now: the first time as a new one, later as a change.

        Raises:
            ConflictError: It was changed since it was read, or a value that must be unique is taken.
            NotFoundError: It does not exist any more.
        """
        if self.revision == 0:
            return await self.insert(link_rule=link_rule, session=session)
        if link_rule is not WriteRules.DO_NOTHING:
            msg = "save linked documents one by one, so that each is checked"
            raise ValueError(msg)
        fields = get_dict(self, to_db=True, exclude=set(PROTECTED_FIELDS), keep_nulls=True)
        fields.pop("_id", None)
        await self._write({"$set": fields}, session=session, ignore_revision=ignore_revision, **kwargs)
        return self

    async def replace(
        self,
        ignore_revision: bool = False,  # noqa: FBT001, FBT002 - Beanie's signature
        session: AsyncClientSession | None = None,
        bulk_writer: BulkWriter | None = None,
        link_rule: WriteRules = WriteRules.DO_NOTHING,
        skip_actions: list[ActionDirections | str] | None = None,
    ) -> Self:
        """Store all fields of an existing document; the same as `save`, or queued in a bulk writer.

        Raises:
            ConflictError: It was changed since it was read.
            NotFoundError: It does not exist any more.
        """
        if bulk_writer is not None:
            return await super().replace(
                ignore_revision=ignore_revision,
                session=session,
                bulk_writer=bulk_writer,
                link_rule=link_rule,
                skip_actions=skip_actions,
            )
        if self.id is None or self.revision == 0:
            msg = f"this {type(self).__name__} was never stored"
            raise NotFoundError(msg)
        return await self.save(
            session=session, link_rule=link_rule, ignore_revision=ignore_revision, skip_actions=skip_actions
        )

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
        """Change single fields of the stored document and read it back.

        Raises:
            ConflictError: It was changed since it was read.
            NotFoundError: It does not exist any more.
        """
        if bulk_writer is not None:
            return await super().update(
                *args,
                ignore_revision=ignore_revision,
                session=session,
                bulk_writer=bulk_writer,
                skip_actions=skip_actions,
                skip_sync=skip_sync,
                **pymongo_kwargs,
            )
        query = type(self).find_one({"_id": self.id}).update(*args).update_query
        await self._write(query, session=session, ignore_revision=ignore_revision)
        await self.sync()
        return self

    async def delete(
        self,
        session: AsyncClientSession | None = None,
        bulk_writer: BulkWriter | None = None,
        link_rule: DeleteRules = DeleteRules.DO_NOTHING,
        skip_actions: list[ActionDirections | str] | None = None,
        **pymongo_kwargs: Any,  # noqa: ANN401 - Beanie's signature
    ) -> DeleteResult | None:
        """Mark the document as deleted.

        Raises:
            ConflictError: It was changed since it was read.
            NotFoundError: It does not exist any more.
        """
        result = await super().delete(
            session=session,
            bulk_writer=bulk_writer,
            link_rule=link_rule,
            skip_actions=skip_actions,
            **pymongo_kwargs,
        )
        if bulk_writer is None and result is not None and result.deleted_count == 0:
            msg = f"no such {type(self).__name__}"
            raise NotFoundError(msg)
        return result

    async def _write(
        self,
        update: Mapping[str, Any],
        *,
        session: AsyncClientSession | None,
        ignore_revision: bool,
        **pymongo_kwargs: Any,  # noqa: ANN401 - handed to the driver
    ) -> UpdateResult:
        pymongo_kwargs.pop("skip_actions", None)
        query: dict[str, Any] = {"_id": self.id}
        if not ignore_revision:
            query["revision"] = self.revision
        collection = self.get_pymongo_collection()
        with stamping() as stamp:
            try:
                result = await collection.update_one(query, update, session=session, **pymongo_kwargs)
            except DuplicateKeyError as error:
                raise self._taken(error) from None
            if result.matched_count == 0:
                await self._explain_miss(session)
            self._mark(stamp)
        return result

    async def _explain_miss(self, session: AsyncClientSession | None) -> None:
        collection = self.get_pymongo_collection()
        if await collection.find_one({"_id": self.id}, {"_id": 1}, session=session) is None:
            msg = f"no such {type(self).__name__}"
            raise NotFoundError(msg)
        msg = f"{type(self).__name__} was changed since revision {self.revision} was read"
        raise ConflictError(
            msg, user_message="Somebody else changed this in the meantime. Load it again and repeat your change."
        )


class OwnedDocument(CoreDocument):
    """A document that only its author reaches, and superusers."""

    __abstract__: ClassVar[bool] = True


def _keys_from(message: str) -> list[str]:
    """Read the index keys out of an error message, for servers that do not send them on their own."""
    match = re.search(r"index: (?:live_)?(?P<name>\w+?)(?: dup key|$)", message)
    if match is None or match["name"].startswith("_id"):
        return []
    return [part for part in re.split(r"_-?1(?:_|$)", match["name"]) if part and part != "deleted_at"]
