"""Who was shown which secret is on record, and stays there."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.secret.vault import ANNA, BERT, INFOS, Device, Entry, Vault
from webos.data.audit.service import AuditService
from webos.data.audit.upkeep import sweep
from webos.data.model_registry import ModelRegistry
from webos.data.scope import system_context
from webos.data.secret import Secret
from webos.kernel.context import acting_as
from webos.kernel.errors import InvalidInputError, NotFoundError

PLAIN = "hunter2-hunter2"


@pytest.fixture
async def audit(vault: Vault) -> AuditService:
    """Return the record of the vault, started."""
    models = ModelRegistry()
    for info in INFOS:
        models.add(info)
    service = AuditService(models, vault.database, days=365)
    await service.start()
    return service


async def test_a_reveal_can_be_searched(vault: Vault, audit: AuditService) -> None:
    """The entry says who, when, which field of which document, and under which trace; the value is nowhere."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    with acting_as(ANNA, "trace-of-anna"):
        entry = await Entry(site="example.com", password=Secret(PLAIN)).insert()
        entry = await Entry.get(entry.id)  # type: ignore[assignment]  # it is there
        assert await entry.reveal("password") == PLAIN
        assert await entry.reveal("pin") is None
    with acting_as(BERT), pytest.raises(NotFoundError):
        await entry.reveal("password")
    with system_context():
        found = (await audit.search(operation="reveal", by=ANNA.id, since=before)).entries
        assert [(each.username, each.trace_id, each.documents, list(each.changes)) for each in found] == [
            ("anna", "trace-of-anna", (entry.id,), ["password"])
        ]
        assert (found[0].changes["password"].withheld, found[0].changes["password"].new) == ("secret", None)
        assert found[0].at >= before
        both = (await audit.search(model=Entry, document=str(entry.id))).entries
        assert {each.operation for each in both} == {"insert", "reveal"}
        assert (await audit.search(model=Device, operation="reveal")).entries == []
        assert (await audit.search(operation="reveal")).entries == found
        with pytest.raises(InvalidInputError):
            await audit.search(document=entry.id)
    assert not await vault.holds(PLAIN)


async def test_it_is_neither_swept_away_nor_undone_nor_in_the_way(vault: Vault, audit: AuditService) -> None:
    """Histories, old versions, undo and the sweep are as if nobody had looked, and the entry outlives even a purge."""
    with acting_as(ANNA):
        entry = await Entry(site="a", password=Secret(PLAIN)).insert()
        for site in ("b", "c"):
            entry = await Entry.get(entry.id)  # type: ignore[assignment]  # it is there
            with audit.change_set(site) as group:
                await entry.reveal("password")
                await entry.set({"site": site})
                await entry.reveal("password")
        assert [each.operation for each in await audit.history(Entry, entry.id)] == ["update", "update", "insert"]
        assert (await audit.version(Entry, entry.id, revision=1)).values["site"] == "a"
        report = await audit.undo(group)
        assert (report.undone, report.skipped, report.conflicts) == (1, 0, [])
        with audit.change_set("Only looked") as looked:
            await (await Entry.find_one()).reveal("password")  # type: ignore[union-attr]  # it is there
        with pytest.raises(NotFoundError):
            await audit.undo(looked)
    assert await sweep(vault.database.journal, until=datetime.now(UTC) + timedelta(days=1)) == 0
    with system_context():
        await (await Entry.find_one()).purge()  # type: ignore[union-attr]  # it is there
        assert await sweep(vault.database.journal, until=datetime.now(UTC) + timedelta(days=1)) == 0
        assert len((await audit.search(operation="reveal")).entries) == 5
