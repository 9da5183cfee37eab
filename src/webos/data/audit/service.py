"""The audit service: the history of documents, old versions, and the way back."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from webos.data.audit import upkeep
from webos.data.audit.change_set import ChangeSet, change_set
from webos.data.audit.history import History, document_id
from webos.data.audit.records import AuditEntry, AuditPage, UndoReport, Version
from webos.data.audit.search import Criteria, Search
from webos.data.audit.undo import Progress, Undo
from webos.data.conflicts import changed_error
from webos.data.document import CoreDocument
from webos.data.fetching import take_over
from webos.data.guard import GuardedDatabase
from webos.data.loaded import field_names, read_document
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.scope import acting_user, in_system_context
from webos.kernel.context import demand
from webos.kernel.errors import InvalidInputError, NotFoundError

__all__ = ["AuditService"]

_MOST_ENTRIES = 500
_SEARCH_PERMISSION = "admin.audit"

Model = type[CoreDocument] | str


class AuditService:
    """Reads the record of changes and takes changes back. Every method acts as the current user.

    Args:
        models: The document classes.
        database: The guarded database.
        days: How long entries are kept; 0 for ever.
    """

    def __init__(self, models: ModelRegistry, database: GuardedDatabase, *, days: int) -> None:
        self._models = models
        self._database = database
        self._days = days
        self._history = History(database)
        self._search = Search(models, database)
        self._undo = Undo(models, database)

    async def start(self) -> None:
        """Create the indexes of the record; entries go after as many days as the setting says."""
        await upkeep.prepare(self._database.journal, self._days)

    async def keep_swept(self) -> None:
        """Remove what a crash has left in the record; ends only when it is cancelled."""
        await upkeep.keep_swept(self._database.journal)

    async def history(
        self,
        model: CoreDocument | Model,
        identity: Any = None,  # noqa: ANN401 - any id
        *,
        limit: int = 50,
        before: int | None = None,
    ) -> list[AuditEntry]:
        """Return the changes of a document, the latest first, as far as the acting user may see them.

        Deleted documents have a history for those who may change such documents.

        Args:
            model: The document, or its class, or `module.Class`.
            identity: The id, where `model` is no document.
            limit: How many at most, up to 500.
            before: Only changes before this revision, to go on from the last entry seen.

        Raises:
            PermissionDeniedError: The acting user may not read such documents.
            NotFoundError: There is no such document for him.
        """
        info, key = self._named(model, identity)
        return await self._history.entries(info, key, limit=min(max(limit, 1), _MOST_ENTRIES), before=before)

    async def version(self, model: CoreDocument | Model, identity: Any = None, *, revision: int) -> Version:  # noqa: ANN401
        """Return a document as it was.

        Args:
            model: The document, or its class, or `module.Class`.
            identity: The id, where `model` is no document.
            revision: The revision it had then.

        Raises:
            PermissionDeniedError: The acting user may not read such documents.
            NotFoundError: There is no such document for him, or the record does not reach back that far.
        """
        info, key = self._named(model, identity)
        return await self._history.version(info, key, revision)

    async def restore_version(
        self,
        model: CoreDocument | Model,
        identity: Any = None,  # noqa: ANN401 - any id
        *,
        revision: int,
        based_on: int | None = None,
    ) -> CoreDocument:
        """Write an old version of a document as a new change, and return the document.

        Fields whose old value was not kept stay as they are, and so do those that the acting user may not see.

        Args:
            model: The document, or its class, or `module.Class`.
            identity: The id, where `model` is no document.
            revision: The revision to go back to.
            based_on: The revision that the user has seen; where another one is stored, it is a conflict.

        Raises:
            PermissionDeniedError: The acting user may not change such documents.
            NotFoundError: There is no such document for him, or the record does not reach back that far.
            ConflictError: The document is another one by now than the user has seen.
            InvalidInputError: The old values are not valid any more; `fields` says which.
        """
        info, key = self._named(model, identity)
        if not in_system_context():
            info.demand_write(acting_user())
        old = await self._history.version(info, key, revision)
        row = await self._database[info.collection].find_one({"_id": key})
        if row is None:
            msg = f"no such {info.document.__name__}"
            raise NotFoundError(msg)
        if based_on is not None and row.get("revision") != based_on:
            msg = f"{info.name} was changed since revision {based_on} was read"
            raise changed_error(msg)
        document = read_document(info.document, row)
        names = field_names(info.document)
        kept = {name: value for name, value in row.items() if name not in names or name in old.withheld}
        stamps = {name: row[name] for name in row.keys() & {"_id", *_STAMPS}}
        try:
            wanted = read_document(info.document, {**kept, **old.values, **stamps})
        except ValidationError as error:
            fields = {".".join(map(str, each["loc"])): str(each["msg"]) for each in error.errors(include_input=False)}
            msg = f"revision {revision} of {info.name} is not valid any more"
            text = "This version does not fit the rules that hold today."
            raise InvalidInputError(msg, user_message=text, fields=fields) from None
        take_over(document, wanted)
        await document.save()
        return document

    async def search(
        self,
        *,
        by: UUID | None = None,
        model: Model | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        trace_id: str | None = None,
        change_set: str | None = None,
        operation: str | None = None,
        document: Any = None,  # noqa: ANN401 - any id
        cursor: str = "",
        limit: int = 50,
    ) -> AuditPage:
        """Return changes of all documents and reveals of their secrets, the latest first; it needs the permission `admin.audit`.

        Values are shown of documents that the acting user may read.

        Args:
            by: Only those of a user.
            model: Only those of documents of a class, or `module.Class`.
            since: Only from this moment on.
            until: Only up to this moment.
            trace_id: Only those of a request, event or task.
            change_set: Only those of a change-set.
            operation: Only those that did this, such as `delete`, or `reveal` for secrets that were shown.
            document: Only those of the document with this id; it takes `model` as well.
            cursor: Of the page before, to go on.
            limit: How many at most, up to 500.

        Raises:
            PermissionDeniedError: The acting user lacks the permission.
            NotFoundError: There is no such model.
            InvalidInputError: The cursor is not valid, or a document was named without its model.
        """
        if not in_system_context():
            demand(_SEARCH_PERMISSION)
        collection = self._info(model).collection if model is not None else None
        if document is not None:
            if model is None:
                raise InvalidInputError(fields={"document": "Name the model of the document as well."})
            document = document_id(self._info(model).document, document)
        criteria = Criteria(by, collection, since, until, trace_id, change_set, operation, document)
        return await self._search.page(criteria, cursor, min(max(limit, 1), _MOST_ENTRIES))

    def change_set(self, label: str, *, identity: str | None = None) -> AbstractContextManager[ChangeSet]:
        """Group all changes of a block, so that they can be taken back together.

        Args:
            label: What people call them.
            identity: Of a change-set to go on with; a new one where None.
        """
        return change_set(label, identity=identity)

    async def undo(self, change_set: ChangeSet | str, *, progress: Progress | None = None) -> UndoReport:
        """Take the changes of a change-set back: inserts are deleted, deletions restored, old values put back.

        A document that somebody has changed since is left alone and reported. The undo is a change-set itself.

        Args:
            change_set: The change-set or its id; the id of a trace takes back what was done in it.
            progress: Is told how many documents are done, and how many there are.

        Raises:
            NotFoundError: There are no changes in it.
            PermissionDeniedError: The acting user may change none of the documents.
        """
        identity = change_set.id if isinstance(change_set, ChangeSet) else change_set
        return await self._undo.run(identity, progress)

    def _named(self, model: CoreDocument | Model, identity: Any) -> tuple[ModelInfo, Any]:  # noqa: ANN401
        if isinstance(model, CoreDocument):
            return self._models[model.__webos_name__], model.id
        info = self._info(model)
        return info, document_id(info.document, identity)

    def _info(self, model: Model) -> ModelInfo:
        return self._models[model] if isinstance(model, str) else self._models.of(model)


_STAMPS = ("created_at", "created_by", "updated_at", "updated_by", "deleted_at", "revision")
