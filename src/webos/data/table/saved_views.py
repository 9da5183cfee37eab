"""Views that people keep: of their own, or shared with all who may read the model; and how each left a table last."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import ObjectId
from bson.errors import InvalidId
from pydantic import ValidationError

from webos.data.model_registry import ModelInfo
from webos.data.table.service import TableService
from webos.data.table.shown import shown_columns
from webos.data.table.view_state import ViewState
from webos.kernel.context import User, signed_in_user
from webos.kernel.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["OwnLayout", "SavedView", "SavedViews"]

_COLLECTION = "webos_table_views"
_MOST_VIEWS = 200
_LONGEST_NAME = 80

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A view with a name.

    Attributes:
        id: Id of the view.
        name: What people call it.
        shared: Whether all who may read the model see it.
        mine: Whether it belongs to the acting user.
        owner: Name of who saved it.
        state: The view.
    """

    id: str
    name: str
    shared: bool
    mine: bool
    owner: str
    state: ViewState


@dataclass(frozen=True, slots=True)
class OwnLayout:
    """What a user has arranged for himself.

    Attributes:
        state: How he left the table; None where he has never changed it.
        default: Id of the view the table opens with; empty for none.
    """

    state: ViewState | None = None
    default: str = ""


class SavedViews:
    """Keeps views. Every method acts as the current user, who must be able to read the model.

    Args:
        raw: The driver's database.
        tables: Says who may see which model.
    """

    def __init__(self, raw: "AsyncDatabase[Row]", tables: TableService) -> None:
        self._collection = raw[_COLLECTION]
        self._tables = tables

    async def list(self, model: str) -> list[SavedView]:
        """Return the views of a model that the acting user may see: his own and the shared ones, by name."""
        info, user = self._access(model)
        mine_or_shared: Row = {"kind": "view", "model": info.name, "$or": [{"user_id": user.id}, {"shared": True}]}
        rows = await self._collection.find(mine_or_shared).to_list(5 * _MOST_VIEWS)
        columns = {column.field: column for column in shown_columns(info.document)}
        views = [view for row in rows if (view := _view(row, user)) is not None and view.state.is_open_to(columns)]
        return sorted(views, key=lambda view: (view.name.casefold(), view.id))

    async def add(self, model: str, name: str, state: ViewState, *, shared: bool) -> SavedView:
        """Keep a view.

        Raises:
            ConflictError: The acting user has a view of this name, or too many.
            InvalidInputError: The name or the view is not possible.
        """
        info, user = self._access(model)
        row = {**self._content(info, name, state, shared=shared), "_id": ObjectId(), "kind": "view", "model": info.name}
        own: Row = {"kind": "view", "model": info.name, "user_id": user.id}
        if await self._collection.count_documents(own, limit=_MOST_VIEWS) >= _MOST_VIEWS:
            msg = "too many views"
            raise ConflictError(msg, user_message=f"You have {_MOST_VIEWS} views of this table. Delete some first.")
        await self._demand_free(info, user, row["name"], None)
        row |= {"user_id": user.id, "owner": user.username, "created_at": datetime.now(UTC)}
        await self._collection.insert_one(row)
        return SavedView(
            id=str(row["_id"]), name=row["name"], shared=shared, mine=True, owner=user.username, state=state
        )

    async def change(self, model: str, identity: str, name: str, state: ViewState, *, shared: bool) -> None:
        """Change one of the acting user's views.

        Raises:
            ConflictError: He has another view of this name.
            InvalidInputError: The name or the view is not possible.
            NotFoundError: He has no such view.
        """
        info, user = self._access(model)
        content = self._content(info, name, state, shared=shared)
        await self._demand_free(info, user, content["name"], identity)
        result = await self._collection.update_one(self._own(info, user, identity), {"$set": content})
        if not result.matched_count:
            raise _no_view(identity)

    async def remove(self, model: str, identity: str) -> None:
        """Delete one of the acting user's views; superusers delete any that is shared.

        Raises:
            NotFoundError: He has no such view.
        """
        info, user = self._access(model)
        query = self._own(info, user, identity)
        if user.is_superuser:
            del query["user_id"]
            query["$or"] = [{"user_id": user.id}, {"shared": True}]
        if not (await self._collection.delete_one(query)).deleted_count:
            raise _no_view(identity)

    async def layout(self, model: str) -> OwnLayout:
        """Return how the acting user left the table."""
        info, user = self._access(model)
        row = await self._collection.find_one({"_id": _layout_id(info, user)})
        if row is None:
            return OwnLayout()
        return OwnLayout(_state(row), str(row.get("default", "")))

    async def keep_layout(self, model: str, layout: OwnLayout) -> None:
        """Remember how the acting user leaves the table.

        Raises:
            InvalidInputError: The view is not possible.
        """
        info, user = self._access(model)
        if layout.state is not None:
            layout.state.demand_possible({column.field: column for column in shown_columns(info.document)})
        content = {
            "kind": "layout",
            "model": info.name,
            "user_id": user.id,
            "state": layout.state.model_dump_json() if layout.state is not None else "",
            "default": layout.default[:24],
        }
        await self._collection.update_one({"_id": _layout_id(info, user)}, {"$set": content}, upsert=True)

    def _access(self, model: str) -> tuple[ModelInfo, User]:
        return self._tables.info(model), signed_in_user()

    def _content(self, info: ModelInfo, name: str, state: ViewState, *, shared: bool) -> Row:
        name = " ".join(name.split())
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise InvalidInputError(fields={"name": f"A name of at most {_LONGEST_NAME} characters was expected."})
        state.demand_possible({column.field: column for column in shown_columns(info.document)})
        # As text: the values of a filter are no part of our document.
        return {"name": name, "shared": shared, "state": state.model_dump_json()}

    async def _demand_free(self, info: ModelInfo, user: User, name: str, identity: str | None) -> None:
        query: Row = {"kind": "view", "model": info.name, "user_id": user.id, "name": name}
        found = await self._collection.find_one(query)
        if found is not None and str(found["_id"]) != identity:
            msg = f"a view {name!r} exists"
            raise ConflictError(msg, fields={"name": "You have a view of this name."})

    def _own(self, info: ModelInfo, user: User, identity: str) -> Row:
        try:
            key = ObjectId(identity)
        except InvalidId:
            raise _no_view(identity) from None
        return {"_id": key, "kind": "view", "model": info.name, "user_id": user.id}


def _layout_id(info: ModelInfo, user: User) -> str:
    return f"layout {user.id} {info.name}"


def _state(row: Row) -> ViewState | None:
    try:
        return ViewState.model_validate_json(row.get("state") or "")
    except ValidationError:
        return None


def _view(row: Row, user: User) -> SavedView | None:
    state = _state(row)
    owner: UUID = row["user_id"]
    if state is None:
        return None
    return SavedView(
        id=str(row["_id"]),
        name=row["name"],
        shared=bool(row["shared"]),
        mine=owner == user.id,
        owner=row.get("owner", ""),
        state=state,
    )


def _no_view(identity: str) -> NotFoundError:
    msg = f"there is no view {identity!r}"
    return NotFoundError(msg, user_message="There is no such view.")
