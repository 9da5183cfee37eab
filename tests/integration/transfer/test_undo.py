"""Taking a whole import back."""

import pytest

from tests.integration.table.shop import ANNA, Period
from tests.integration.transfer.desk import Desk, csv_of
from webos.data.transfer import ImportState
from webos.kernel.context import acting_as
from webos.kernel.errors import ConflictError


async def test_undo(desk: Desk) -> None:
    """What an import made is gone, what it changed or restored is as before; what others changed since stays."""
    with acting_as(ANNA):
        await desk.run(csv_of(["name", "start"], [[f"old {number}", 1] for number in range(700)]), model="shop.Period")
        gone = await Period(name="gone", start=1).insert()
        await gone.delete()
        rows = [[f"old {number}", 5] for number in range(700)] + [[f"new {number}", 5] for number in range(700)]
        record = await desk.run(
            csv_of(["name", "start"], [*rows, ["gone", 5]]),
            model="shop.Period",
            mode="upsert",
            key=["name"],
            deleted="restore",
        )
        await Period.find_one(Period.name == "old 3").update({"$set": {"start": 8}})
        report = await desk.transfers.undo(record.id)
        now = {each.name: each.start for each in await desk.documents(Period)}
        undone = await desk.transfers.get(record.id)
        with pytest.raises(ConflictError):
            await desk.transfers.undo(record.id)

    assert (record.counts.inserted, record.counts.updated) == (700, 701)
    assert (report.undone, len(report.conflicts)) == (1400, 1)
    assert now == {f"old {number}": 8 if number == 3 else 1 for number in range(700)}
    assert undone.state is ImportState.UNDONE


async def test_an_import_that_was_interrupted_is_one_change(desk: Desk) -> None:
    """All starts of an import are undone together."""
    with acting_as(ANNA):
        record = await desk.upload(csv_of(["name"], [[f"N{number}"] for number in range(1200)]), model="shop.Period")
        await desk.transfers.run(record.id)
        counts = {"read": 600, "inserted": 600, "updated": 0, "unchanged": 0, "failed": 0}
        await desk.shop.connection.raw["webos_imports"].update_one(
            {"_id": record.id}, {"$set": {"state": "running", "counts": counts}}
        )
        with pytest.raises(ConflictError):
            await desk.transfers.undo(record.id)
        assert (await desk.transfers.run(record.id)).counts.inserted == 1200
        report = await desk.transfers.undo(record.id)
        left = await desk.documents(Period)

    assert (report.undone, report.conflicts, left) == (1200, [], [])
