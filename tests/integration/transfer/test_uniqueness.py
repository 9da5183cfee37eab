"""A dry run tells of values that must be unique as the import itself would."""

import random
from typing import Annotated, Any

import pytest
from beanie import Indexed
from pydantic import Field
from pymongo import IndexModel

from tests.integration.table.shop import ANNA, BERT
from tests.integration.transfer.desk import Desk, csv_of
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo
from webos.data.server_traits import read_traits
from webos.kernel.context import acting_as
from webos.testing.commands import CommandLog

_IN_USE = "This value is already in use."


class Member(OwnedDocument):
    """Seen by its author only; its badge is unique among all."""

    number: Annotated[int, Indexed(unique=True)]
    badge: Annotated[str, Indexed(unique=True)]


class Seat(CoreDocument):
    """A document with unique fields of all kinds."""

    code: Annotated[str, Indexed(unique=True)]
    row: int = 0
    place: int = 0
    tags: list[str] = Field(default_factory=list)
    nickname: str | None = None

    class Settings:
        """The indexes."""

        indexes = [  # noqa: RUF012 - as modules write it
            IndexModel([("row", 1), ("place", 1)], unique=True),
            IndexModel([("tags", 1)], unique=True),
            IndexModel([("nickname", 1)], unique=True, partialFilterExpression={"nickname": {"$type": "string"}}),
        ]


@pytest.fixture
async def club(desk: Desk) -> Desk:
    """Return the desk with members and seats."""
    infos = [ModelInfo(f"shop.{kind.__name__}", "shop", kind, "shop.read", "shop.write") for kind in (Member, Seat)]
    for info in infos:
        desk.shop.models.add(info)
    traits = await read_traits(desk.shop.connection.client)
    await initialize_models(desk.shop.database, infos, major_version=traits.major_version)
    return desk


async def _both(desk: Desk, rows: list[list[Any]], **options: Any) -> tuple[Any, Any, dict[int, str]]:
    """Look at a file and import it; return both counts, and what the look has found by row."""
    text = csv_of(options.pop("head"), rows)
    dry = await desk.check(text, **options)
    record = await desk.run(text, **options)
    return dry.counts, record.counts, {each.row: f"{each.column}: {each.message}" for each in dry.failures}


async def test_within_the_file_and_against_what_is_stored(club: Desk) -> None:
    """A value that another row or another record has is told with its row, also where the user does not see that record."""
    with acting_as(BERT):
        await Member(number=1, badge="bert's").insert()
        await (await Member(number=2, badge="free").insert()).delete()
    with acting_as(ANNA):
        await Member(number=10, badge="old").insert()
        rows = [
            [11, "a"],
            [12, "a"],
            [13, "bert's"],
            [1, "b"],
            [14, "free"],
            [10, "c"],
            [15, "old"],
            [16, "c"],
            [17, "x"],
        ]
        dry, real, said = await _both(
            club, rows, head=["number", "badge"], model="shop.Member", mode="upsert", key=["number"]
        )

    assert dry == real
    # New records of a batch are stored before old ones change; so the badge is still taken when row 8 comes.
    assert said == {
        3: "badge: Row 2 has the same value.",
        4: f"badge: {_IN_USE}",
        5: f"number: {_IN_USE}",
        7: "badge: Row 9 has the same value.",
        8: f"badge: {_IN_USE}",
    }
    assert (dry.inserted, dry.updated, dry.failed) == (4, 0, 5)


async def test_several_fields_lists_and_conditions(club: Desk) -> None:
    """Indexes over several fields, over the items of a list, and with a condition count as the server counts them."""
    head = ["code", "row", "place", "tags", "nickname"]
    with acting_as(ANNA):
        await Seat(code="old", row=1, place=1, tags=["x", "y"], nickname="kim").insert()
        rows: list[list[Any]] = [
            ["a", 1, 1, '["a"]', ""],
            ["b", 1, 2, '["b","y"]', ""],
            ["c", 1, 3, '["c"]', "kim"],
            ["d", 1, 4, '["d"]', ""],
            ["e", 1, 5, '["e"]', ""],
            ["f", 1, 4, '["f"]', ""],
            ["g", 1, 6, '["g","e"]', ""],
        ]
        dry, real, said = await _both(club, rows, head=head, model="shop.Seat")

    assert dry == real
    assert said.keys() == {2, 3, 4, 7, 8}
    assert said[7] == "place: Row 5 has the same value."


@pytest.mark.parametrize("seed", range(6))
async def test_a_dry_run_counts_as_the_import(club: Desk, seed: int) -> None:
    """For files at random, with new, changed, and exchanged values, the dry run counts what the import does."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    with acting_as(ANNA):
        for number in range(12):
            member = await Member(number=number, badge=str(number)).insert()
            if number % 4 == 0:
                await member.delete()
        numbers = dice.sample(range(24), 18)
        rows = [[number, str(dice.randrange(30))] for number in numbers]
        options: dict[str, Any] = {"mode": "upsert", "key": ["number"], "deleted": dice.choice(["new", "restore"])}
        dry, real, _ = await _both(club, rows, head=["number", "badge"], model="shop.Member", **options)

    assert dry == real


async def test_a_batch_asks_once_for_each_index(club: Desk, commands: CommandLog) -> None:
    """The number of queries grows with batches and indexes, not with rows; one value far behind is still found."""
    rows = [[number, f"b{number}"] for number in range(3000)]
    rows[2999][1] = "b0"
    with acting_as(ANNA):
        record = await club.upload(csv_of(["number", "badge"], rows), model="shop.Member")
        with commands.recording() as sent:
            report = await club.transfers.check(record.id)
    assert [(each.row, each.message) for each in report.failures] == [(3001, "Row 2 has the same value.")]
    assert len([each for each in sent.commands if each.name == "find" and each.collection == "shop.Member"]) <= 6 * 2
