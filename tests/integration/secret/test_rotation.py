"""Encrypting all values anew: while others write, and again after it was ended in the middle."""

from pathlib import Path

import pytest

from tests.integration.secret.vault import ANNA, BERT, Device, Entry, Vault, open_vault, some_keys
from webos.data.connection import Connection
from webos.data.secret import Keyring, Secret
from webos.data.secret.errors import SecretKeyMissingError
from webos.data.secret.key_file import make_key_file, new_key, read_key_file, write_key_file
from webos.data.secret.rotation import Progress, Rotation
from webos.kernel.context import acting_as

MANY = 1200


@pytest.fixture
async def old_vault(mongo: Connection) -> Vault:
    """Return a vault with many values under an old key."""
    vault = await open_vault(mongo)
    with acting_as(ANNA):
        await Entry.insert_many([Entry(site=str(n), password=Secret(f"secret {n}")) for n in range(MANY)])
        await Device(name="d", serial=Secret("S-1"), token=None).insert()
        gone = await Entry(site="deleted", password=Secret("deleted")).insert()
        await gone.delete()
    return vault


def with_new_key(keyring: Keyring) -> Keyring:
    return Keyring({**some_keys(), **keyring.keys})


async def run(rotation: Rotation) -> Progress:
    progress = Progress()
    async for step in rotation.run():
        progress = step
    return progress


async def test_all_values_get_the_new_key(old_vault: Vault) -> None:
    """All values, of deleted documents too, open with the new key alone, revisions stay, and lookups find the same."""
    (old,) = old_vault.keyring.ids
    keyring = with_new_key(old_vault.keyring)
    rotation = Rotation(old_vault.connection.raw, keyring)
    assert await rotation.values_of(old) == MANY + 2

    progress = await run(rotation)

    assert (progress.done, progress.unreadable) == (MANY + 2, {})
    assert await rotation.values_of(old) == 0
    assert (await run(rotation)).done == 0
    only_new = Keyring({keyring.primary: keyring.keys[keyring.primary]})
    await open_vault(old_vault.connection, only_new)
    with acting_as(BERT):
        device = await Device.find_one(Device.secret_equals("serial", "S-1"))
        assert device is not None
        assert device.revision == 1
        assert await device.reveal("serial") == "S-1"
    with acting_as(ANNA):
        entries = await Entry.find_all().to_list()
        assert {each.revision for each in entries} == {1}
        assert await entries[7].reveal("password") == f"secret {entries[7].site}"


async def test_it_goes_on_after_it_was_ended(old_vault: Vault) -> None:
    """A rotation that is ended in the middle leaves each value readable, and the next one does the rest only."""
    keyring = with_new_key(old_vault.keyring)
    rotation = Rotation(old_vault.connection.raw, keyring)
    steps = rotation.run()
    first = await anext(steps)
    done = first.done
    assert 0 < done < MANY
    await steps.aclose()
    await open_vault(old_vault.connection, keyring)
    with acting_as(ANNA):
        assert {await each.reveal("password") for each in await Entry.find_all().to_list()} == {
            f"secret {n}" for n in range(MANY)
        }

    assert (await run(rotation)).done == MANY + 2 - done


async def test_who_has_read_before_saves_after(old_vault: Vault) -> None:
    """A document that was read before the rotation is saved after it, and brings no old value back."""
    (old,) = old_vault.keyring.ids
    keyring = with_new_key(old_vault.keyring)
    vault = await open_vault(old_vault.connection, keyring)
    with acting_as(ANNA):
        entry = await Entry.find_one(Entry.site == "5")
        assert entry is not None
        row = await vault.stored(entry)
        await run(Rotation(vault.connection.raw, keyring))
        entry.login = "later"
        await entry.save()
        assert (await vault.stored(entry))["password"]["key"] == keyring.primary != old
        await vault.database["vault.Entry"].replace_one({"_id": entry.id}, {**row, "revision": 2})
        assert (await vault.stored(entry))["password"]["key"] == keyring.primary
        assert await entry.reveal("password") == "secret 5"


async def test_a_value_that_was_changed_meanwhile_stays(old_vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody sets between the reading and the writing of a rotation is not overwritten."""
    keyring = with_new_key(old_vault.keyring)
    vault = await open_vault(old_vault.connection, keyring)
    rotation = Rotation(vault.connection.raw, keyring)
    anew = rotation._anew
    with acting_as(ANNA):
        device = await Device.find_one(Device.secret_equals("serial", "S-1"))
        assert device is not None
        held = []

        def hold(*args: object) -> object:
            held.append(anew(*args))  # type: ignore[arg-type]
            return None

        monkeypatch.setattr(rotation, "_anew", hold)
        await run(rotation)
        await device.set({Device.serial: Secret("S-2")})
        written = [write for write in held if write is not None and write._filter["_id"] == device.id]
        assert len(written) == 1
        result = await vault.raw(Device).bulk_write(written)
        assert result.modified_count == 0
        assert await device.reveal("serial") == "S-2"


async def test_values_without_their_key_are_told_of(old_vault: Vault) -> None:
    """What cannot be opened stays as it is and is counted with its reason."""
    keyring = Keyring(some_keys())
    progress = await run(Rotation(old_vault.connection.raw, keyring))

    assert progress.done == 0
    assert sum(progress.unreadable.values()) == MANY + 2
    assert all("is missing" in reason for reason in progress.unreadable)


async def test_a_server_notices_the_new_key(mongo: Connection, tmp_path: Path) -> None:
    """A keyring on a file uses a key that another process puts first, and opens what that process has sealed with it."""
    file = tmp_path / "encryption_keys"
    make_key_file(file)
    mine, theirs = Keyring(read_key_file(file), file), Keyring(read_key_file(file), file)
    vault = await open_vault(mongo, mine)
    with acting_as(ANNA):
        first = await Entry(site="before", password=Secret("before")).insert()
        name, key = new_key()
        write_key_file(file, {name: key, **theirs.keys})
        second = await Entry(site="after", password=Secret("after")).insert()
        assert (await vault.stored(first))["password"]["key"] != (await vault.stored(second))["password"]["key"] == name
        write_key_file(file, {name: key})
        assert mine.ids == [name]
        read = await Entry.get(first.id)
        assert read is not None
        with pytest.raises(SecretKeyMissingError):
            await read.reveal("password")
        file.unlink()
        again = await Entry.get(second.id)
        assert again is not None
        assert await again.reveal("password") == "after"
