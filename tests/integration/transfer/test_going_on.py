"""Imports that are interrupted, cancelled, or run twice."""

import asyncio
from typing import Any

import pytest

from tests.integration.table.shop import ANNA, Product, until
from tests.integration.transfer.desk import Desk, csv_of, rows_of, whole
from webos.data.transfer import FileFormat, ImportState
from webos.data.transfer.run import Progress
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import ConflictError, PermissionDeniedError

_ROWS = 6000


def _file(*, bad: bool = False) -> str:
    rows = [[f"N{number}", "x" if bad and number % 1000 == 7 else number] for number in range(_ROWS)]
    return csv_of(["name", "stock"], rows)


async def _interrupt(desk: Desk, record: Any, after: int) -> None:
    """Start an import and end it as the end of a process does, with batches under way."""

    async def report(progress: Progress) -> None:
        if progress.counts.read >= after:
            raise asyncio.CancelledError

    run = asyncio.create_task(desk.transfers.run(record.id, report))
    stored = desk.shop.connection.raw["shop.Product"]

    async def enough() -> bool:
        return run.done() or await stored.count_documents({}) >= after

    await until(enough)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


@pytest.mark.parametrize("options", [{}, {"mode": "upsert", "key": ["name"]}])
async def test_it_goes_on_where_it_was(desk: Desk, options: dict[str, Any]) -> None:
    """However often it is interrupted, every row is stored once, and the figures are those of one go."""
    with acting_as(ANNA):
        record = await desk.upload(_file(bad=True), **options)
        for after in (1, 2000, 4000):
            await _interrupt(desk, record, after)
        ended = await desk.transfers.run(record.id)
        names = [each.name for each in await desk.documents(Product)]

    assert ended.starts == 4
    assert ended.counts.to_dict() == {"read": 6000, "inserted": 5994, "updated": 0, "unchanged": 0, "failed": 6}
    assert len(names) == len(set(names)) == 5994


@pytest.mark.parametrize("options", [{}, {"mode": "upsert", "key": ["name"]}])
async def test_a_position_that_was_not_stored(desk: Desk, options: dict[str, Any]) -> None:
    """Rows that were stored after the last position was, are found again and counted as what they are."""
    with acting_as(ANNA):
        record = await desk.upload(_file(bad=True), **options)
        done = await desk.transfers.run(record.id)
        # As after a crash: all of the last batches is in the database, and only the record does not know it.
        counts = {"read": 4500, "inserted": 4495, "updated": 0, "unchanged": 0, "failed": 5}
        await desk.shop.connection.raw["webos_imports"].update_one(
            {"_id": record.id}, {"$set": {"state": "running", "counts": counts, "finished_at": None}}
        )
        again = await desk.transfers.run(record.id)
        stored = await desk.documents(Product)
        failed = rows_of(await whole(await desk.transfers.failed_rows(record.id, FileFormat.CSV)))

    assert again.counts == done.counts
    assert len(stored) == 5994
    assert {each.revision for each in stored} == {1}
    assert [row["name"] for row in failed] == [f"N{number}" for number in range(7, 6000, 1000)]


async def test_failed_rows_are_corrected_and_imported_again(desk: Desk) -> None:
    """They come as a file with the reasons, which is passed over when it comes back."""
    with acting_as(ANNA):
        record = await desk.run("name,stock\nA,x\nB,1\n=C,-1\n")
        for kind in (FileFormat.CSV, FileFormat.XLSX):
            failed = await whole(await desk.transfers.failed_rows(record.id, kind))
            report = await desk.check(failed, name=f"failed.{kind.value}")
            assert (report.counts.read, report.counts.failed) == (2, 2)
            assert report.ignored == ("import problems",)
        rows = rows_of(await whole(await desk.transfers.failed_rows(record.id, FileFormat.CSV)))
        fixed = csv_of(rows[0], [[row["name"], "5", row["import problems"]] for row in rows])
        await desk.run(fixed)
        names = [each.name for each in await desk.documents(Product)]

    assert "integer" in rows[0]["import problems"]
    assert sorted(names) == ["=C", "A", "B"]


async def test_cancel(desk: Desk) -> None:
    """What is stored stays, nothing more is stored, and it cannot be started again."""
    with acting_as(ANNA):
        record = await desk.upload(csv_of(["name"], [[f"N{number}"] for number in range(60_000)]))

        async def report(progress: Progress) -> None:
            if progress.counts.read:
                await desk.transfers.cancel(record.id)

        with pytest.raises(ConflictError):
            await desk.transfers.run(record.id, report)
        count = len(await desk.documents(Product))
        with pytest.raises(ConflictError):
            await desk.transfers.run(record.id)
        ended = await desk.transfers.get(record.id)

    assert ended.state is ImportState.CANCELLED
    assert 0 < count < 60_000
    with acting_as(ANNA):
        assert len(await desk.documents(Product)) == count


async def test_an_earlier_start_that_lives_on_stores_nothing_more(desk: Desk) -> None:
    """Once another start has taken over, the first one ends at its next position."""
    with acting_as(ANNA):
        record = await desk.upload(csv_of(["name"], [[f"N{number}"] for number in range(20_000)]))
        second: list[asyncio.Task[Any]] = []

        async def taken_over() -> bool:
            return (await desk.transfers.get(record.id)).starts == 2

        async def report(_: Progress) -> None:
            if not second:
                second.append(asyncio.create_task(desk.transfers.run(record.id)))
                # Until it has taken over.
                await until(taken_over)

        with pytest.raises(ConflictError):
            await desk.transfers.run(record.id, report)
        ended = await second[0]
        names = [each.name for each in await desk.documents(Product)]

    assert ended.counts.inserted == 20_000
    assert len(names) == len(set(names)) == 20_000


async def test_the_same_file_twice_at_once(desk: Desk) -> None:
    """The second import of a file that is being imported is refused, and may be started when the first has ended."""
    with acting_as(ANNA):
        first, second = await desk.upload(_file()), await desk.upload(_file())
        began = asyncio.Event()

        async def report(_: Progress) -> None:
            began.set()

        running = asyncio.create_task(desk.transfers.run(first.id, report))
        await began.wait()
        with pytest.raises(ConflictError):
            await desk.transfers.run(second.id)
        assert (await running).counts.inserted == _ROWS
        assert (await desk.transfers.get(second.id)).state is ImportState.READY


async def test_a_user_who_loses_his_permission(desk: Desk) -> None:
    """The import stops within a second or two; what was stored stays, and the reason is kept."""
    with acting_as(ANNA):
        record = await desk.upload(csv_of(["name"], [[f"N{number}"] for number in range(60_000)]))

        async def report(_: Progress) -> None:
            desk.users[ANNA.id] = Principal(ANNA.id, "anna", grants=frozenset({"shop.read"}))

        with pytest.raises(PermissionDeniedError):
            await desk.transfers.run(record.id, report)
        ended = await desk.transfers.get(record.id)
        stored = len(await desk.documents(Product))

    assert ended.state is ImportState.FAILED
    assert "shop.write" in ended.error
    assert 0 < stored == ended.counts.inserted < 60_000


async def test_kill(desk: Desk) -> None:
    """An import whose process is killed goes on in another one, with no row twice and none lost."""
    with acting_as(ANNA):
        record = await desk.upload(csv_of(["name"], [[f"N{number}"] for number in range(40_000)]))
    stored = desk.shop.connection.raw["shop.Product"]
    for least in (5000, 20_000):
        process = await desk.start_elsewhere(str(record.id))

        async def enough(least: int = least, process: asyncio.subprocess.Process = process) -> bool:
            assert process.returncode is None, "the import ended too early"
            return await stored.count_documents({}) >= least

        await until(enough, 60)
        process.kill()
        await process.communicate()
    with acting_as(ANNA):
        ended = await desk.transfers.run(record.id)
        names = [each.name for each in await desk.documents(Product)]

    assert ended.starts == 3
    assert ended.counts.inserted == 40_000
    assert len(names) == len(set(names)) == 40_000
