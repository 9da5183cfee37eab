"""What a view of a table is: which rows, in which order, and how its columns stand."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from webos.data.table.columns import Column
from webos.data.table.query import compile_sort
from webos.data.table.tree import compile_tree, named_fields

__all__ = ["ColumnState", "ViewState"]

_MOST_COLUMNS = 300

Name = Annotated[str, Field(min_length=1, max_length=100)]


class ColumnState(BaseModel):
    """How a column stands.

    Attributes:
        field: Name of the field.
        width: In pixels; as wide as it likes where None.
        pinned: The side it stays at while the others scroll.
        hidden: Whether it is not shown.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: Name
    width: int | None = Field(default=None, ge=30, le=3000)
    pinned: Literal["left", "right"] | None = None
    hidden: bool = False


class ViewState(BaseModel):
    """A view.

    Attributes:
        tree: Nested filter, as `compile_tree` takes it.
        search: Words of the quick search.
        sort: Columns and directions, the most important first.
        columns: The columns in their order; those that are not named follow.
        density: How high rows are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tree: dict[str, Any] | None = None
    search: str = Field(default="", max_length=200)
    sort: list[tuple[Name, Literal["asc", "desc"]]] = Field(default_factory=list, max_length=5)
    columns: list[ColumnState] = Field(default_factory=list, max_length=_MOST_COLUMNS)
    density: Literal["comfortable", "compact"] = "comfortable"

    def demand_possible(self, columns: dict[str, Column]) -> None:
        """Refuse what a table with these columns could not show.

        Raises:
            InvalidInputError: A filter or a sort is not possible; `fields` names the column.
        """
        compile_tree(columns, self.tree)
        compile_sort(columns, self.sort)

    def is_open_to(self, columns: dict[str, Column]) -> bool:
        """Return whether who has these columns may know this view: what it filters by says something of hidden fields."""
        return named_fields(self.tree) | {name for name, _ in self.sort} <= {*columns, "id"}
