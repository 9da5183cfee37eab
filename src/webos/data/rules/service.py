"""The service that tells administrators who may do what with a document, and why."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.rules.explain import Access, explain_stored
from webos.data.scope import in_system_context, system_context
from webos.kernel.context import User, signed_in_user
from webos.kernel.errors import InvalidInputError, NotFoundError, PermissionDeniedError

__all__ = ["EXPLAIN_PERMISSION", "AccessService"]

EXPLAIN_PERMISSION = "admin.access"
"""What asking about other users, and about documents that one does not see, needs."""


class AccessService:
    """Answers questions about access. Every method acts as the current user.

    Args:
        models: The document classes.
        database: The guarded database.
        load_user: Gives a user with the permissions he has now.
    """

    def __init__(
        self, models: ModelRegistry, database: GuardedDatabase, load_user: Callable[[UUID], Awaitable[User]]
    ) -> None:
        self._models = models
        self._database = database
        self._load_user = load_user

    async def explain(
        self,
        model: str,
        identity: Any,  # noqa: ANN401 - ids are of any type
        action: str = "read",
        *,
        user_id: UUID | None = None,
        field: str | None = None,
    ) -> Access:
        """Answer whether a user may do something with a stored document, live or deleted, and which rule says so.

        Args:
            model: `module.Class`.
            identity: Id of the document.
            action: `read`, `write`, `result`, `delete` or `restore`.
            user_id: Who is asked about; the acting user where None.
            field: A field of it, for `read` and `write`.

        Raises:
            PermissionDeniedError: The acting user asks about somebody else without the permission `admin.access`.
            NotFoundError: There is no such model or document, at least for him.
            InvalidInputError: There is no such action or field.
        """
        asking = signed_in_user()
        may_ask = in_system_context() or asking.has_permission(EXPLAIN_PERMISSION)
        if user_id not in {None, asking.id} and not may_ask:
            msg = f"{asking.username} lacks {EXPLAIN_PERMISSION}"
            raise PermissionDeniedError(
                msg, user_message=f"You need the permission “{EXPLAIN_PERMISSION}” to ask about other users."
            )
        info = self._models[model]
        stored = await self._read(info, identity)
        if stored is None or not (may_ask or explain_stored(info.policy, asking, stored, "read")):
            msg = f"no such {info.document.__name__}"
            raise NotFoundError(msg)
        user = asking if user_id is None or user_id == asking.id else await self._load_user(user_id)
        try:
            return explain_stored(info.policy, user, stored, action, field=field)
        except ValueError as error:
            raise InvalidInputError(str(error), fields={"field" if field else "action": str(error)}) from None

    async def _read(self, info: ModelInfo, identity: Any) -> dict[str, Any] | None:  # noqa: ANN401
        annotation: Any = info.document.model_fields["id"].annotation
        try:
            wanted = TypeAdapter(annotation).validate_python(identity)
        except ValidationError:
            return None
        collection = self._database[info.collection]
        with system_context():
            live = await collection.find_one({"_id": wanted})
            deleted = [] if live is not None else await collection.find_deleted({"_id": wanted}, limit=1)
        return live or next(iter(deleted), None)
