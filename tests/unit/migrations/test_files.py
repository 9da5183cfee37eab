"""The files of migrations and the stamps of what they write."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.data.migrations import MigratedModule, MigrationError
from webos.data.migrations.source import checksum_of, find_migrations
from webos.data.migrations.stamps import stamped_insert, stamped_replacement, stamped_update
from webos.kernel.context import SYSTEM

SOURCE = 'async def forward(ctx):\n    await ctx.collection("a.B").delete_many({})\n'


@given(
    st.lists(st.sampled_from(["\n", "# note\n", "    # note\n", "   \n"])),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_layout_does_not_count(more: list[str], end: str, mark: bytes) -> None:
    """Line ends, spaces at them, empty lines and lines of comment leave the checksum as it is."""
    lines = SOURCE.splitlines(keepends=True)
    changed = "".join([lines[0], *more, lines[1].replace("\n", "  \n"), *more]).replace("\n", end)

    assert checksum_of(mark + changed.encode()) == checksum_of(SOURCE.encode())


@given(st.integers(0, len(SOURCE) - 1), st.sampled_from("xyz0"))
def test_any_other_change_counts(place: int, letter: str) -> None:
    """A letter put anywhere else changes the checksum."""
    changed = SOURCE[:place] + letter + SOURCE[place:]

    assert checksum_of(changed.encode()) != checksum_of(SOURCE.encode())


def test_numbers_order_and_other_files_are_left_alone(tmp_path: Path) -> None:
    """Migrations come by their numbers; private files, folders and other kinds of files are none."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("0010_b.py", "0002_c.py", "__init__.py", "_shared.py", "0003_text.txt"):
        (folder / name).write_text(SOURCE)
    (folder / "data").mkdir()

    assert [file.id for file in find_migrations("shop", "shop", tmp_path)] == ["shop/0002_c", "shop/0010_b"]
    assert find_migrations("shop", "shop", tmp_path / "nothing") == []


@pytest.mark.parametrize(
    "name", ["001_a", "00001_a", "0001", "0001_", "0001-a", "0001_A", "a", "\u0660\u0660\u0660\u0661_a"]
)
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    """A Python file that is named in any other way is no silent nothing."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / f"{name}.py").write_text(SOURCE)

    with pytest.raises(MigrationError, match=r"name it like 0001_add_quantity\.py"):
        find_migrations("shop", "shop", tmp_path)


def test_only_own_collections_can_be_changed() -> None:
    """A module reaches its models, those it had, and nothing of others or of the framework."""
    module = MigratedModule(
        "shop",
        "shop",
        Path(),
        models={"shop.Item": "things"},
        readable={"base.Item": "shop.stolen"},
        foreign=frozenset({"shop_other.Item"}),
    )

    assert module.own_collection("shop.Item") == module.own_collection("things") == "things"
    assert module.own_collection("shop.Gone") == "shop.Gone"
    for name in ("base.Item", "shop.stolen", "shop_other.Item", "webos_users", "shop", "shopping.Item", ""):
        with pytest.raises(MigrationError):
            module.own_collection(name)


@pytest.mark.parametrize(
    ("update", "operators"),
    [
        ({"$set": {"a": 1}}, {"$set": {"a", "updated_at", "updated_by"}, "$inc": {"revision"}}),
        ({"$inc": {"a": 1}}, {"$set": {"updated_at", "updated_by"}, "$inc": {"a", "revision"}}),
        ({"$set": {"updated_by": 1, "revision": 9}}, {"$set": {"updated_by", "revision", "updated_at"}}),
        ({"$rename": {"a": "b"}}, {"$rename": {"a"}, "$set": {"updated_at", "updated_by"}, "$inc": {"revision"}}),
    ],
)
def test_updates_move_the_revision(update: dict[str, Any], operators: dict[str, set[str]]) -> None:
    """Each update writes author, time and revision beside what it says, unless it says them itself."""
    stamped = stamped_update(update)

    assert isinstance(stamped, dict)
    assert {operator: set(fields) for operator, fields in stamped.items()} == operators
    assert update == {operator: dict(fields) for operator, fields in update.items()}


def test_whole_documents_are_stamped() -> None:
    """A replacement follows the revision it was made from; a new document begins at 1 and keeps what it brings."""
    assert stamped_replacement({"_id": 1, "revision": 4})["revision"] == 5
    assert stamped_replacement({"_id": 1})["revision"] == 1
    new = stamped_insert({"created_by": "somebody"})
    assert (new["created_by"], new["updated_by"], new["revision"]) == ("somebody", SYSTEM.id, 1)
