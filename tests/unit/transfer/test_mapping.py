"""Which column is which field, without a database."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.table.shop import INFOS
from webos.data.transfer.mapping import TableMapping, map_columns
from webos.data.transfer.options import ImportOptions
from webos.data.transfer.source import SourceRow
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import InvalidInputError

_MODELS = {info.name: info for info in INFOS}
_USER = Principal(uuid4(), "anna", grants=frozenset({"shop.*"}))


class _Head:
    """A file with a header only."""

    plain = True
    empties: frozenset[str | None] = frozenset({""})

    def __init__(self, *columns: str) -> None:
        self.columns = list(columns)

    def rows(self) -> Iterator[SourceRow]:
        yield from ()

    def describe(self) -> dict[str, str | bool]:
        return {}


def mapped(*columns: str, model: str = "shop.Product", **options: Any) -> TableMapping:
    with acting_as(_USER):
        return map_columns(_MODELS[model], _Head(*columns), ImportOptions(**options))


def test_names_are_found_in_any_spelling() -> None:
    """Case, spaces and underscores do not count; a title and an alias are names as well."""
    found = mapped("NAME", "Sold At", "sold-at_x", "category.id", ignore=["sold-at_x"]).describe()
    assert found == {"NAME": "name", "Sold At": "sold_at", "category.id": "category.id"}
    assert mapped("name", "Older Name", model="shop.Period").describe()["Older Name"] == "old"


def test_columns_may_be_named() -> None:
    """What was said counts more than the name, also for what a link is found by."""
    found = mapped("Artikel", "stock", mapping={"Artikel": "name", "stock": "category.name"}).describe()
    assert found == {"Artikel": "name", "stock": "category.name"}


def test_the_id_of_a_link_counts_more_than_its_label() -> None:
    """Of the two columns of an export the one with the id is read."""
    found = mapped("name", "category", "category.id")
    assert found.describe() == {"name": "name", "category.id": "category.id"}
    assert found.ignored == ("category",)


def test_what_the_framework_writes_is_passed_over() -> None:
    """Stamps and revision of an old export are not read, and no reason to refuse the file."""
    assert mapped("name", "created_at", "Revision", "import problems").ignored == (
        "created_at",
        "Revision",
        "import problems",
    )


@pytest.mark.parametrize(
    ("columns", "options", "named"),
    [
        (("name", "colour"), {}, {"colour"}),
        (("name", "Name "), {}, {"Name "}),
        (("stock",), {}, {"name"}),
        (("name",), {"mapping": {"x": "stock"}}, {"x"}),
        (("name",), {"mapping": {"name": "nothing"}}, {"name"}),
        (("name", "key"), {}, {"key"}),
        (("name",), {"mode": "upsert", "key": ["stock"]}, {"stock"}),
        (("name", "tags"), {"mode": "upsert", "key": ["tags"]}, {"tags"}),
        (("name",), {"mode": "upsert", "key": ["nothing"]}, {"nothing"}),
    ],
)
def test_what_does_not_fit_is_named(columns: tuple[str, ...], options: dict[str, Any], named: set[str]) -> None:
    """Each problem is said at the column or the field it is about."""
    with pytest.raises(InvalidInputError) as caught:
        mapped(*columns, **options)
    assert set(caught.value.fields) == named


def test_an_update_needs_only_the_key_and_what_changes() -> None:
    """A required field may be missing from a file that makes no new records."""
    found = mapped("id", "stock", mode="update", key=["id"])
    assert found.describe() == {"id": "id", "stock": "stock"}
