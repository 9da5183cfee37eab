"""The keys: from a setting or a file, made once, and what they do."""

import multiprocessing
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from webos.data.secret import Keyring
from webos.data.secret.errors import SecretDamagedError, SecretKeyMissingError
from webos.data.secret.key_file import FILE_NAME, new_key, parse_keys
from webos.data.secret.place import Place
from webos.kernel.errors import ConfigurationError
from webos.kernel.settings import Settings, load_settings

KEY = b64encode(bytes(range(224, 256))).decode()
OTHER = b64encode(bytes(32)).decode()


def settings_in(folder: Path, keys: str | None = None) -> Settings:
    return load_settings(data_dir=folder, encryption_keys=keys)


def test_settings_come_first(tmp_path: Path) -> None:
    """Configured keys are used in their order, and no file is made."""
    keyring = Keyring.of(settings_in(tmp_path, f"new:{KEY},old:{OTHER}"))

    assert (keyring.ids, keyring.primary) == (["new", "old"], "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "keys",
    ["x", f"a:{KEY},a:{OTHER}", "a:abc", f":{KEY}", f"a b:{KEY}", f"a:{KEY}=", f"a:{KEY},", "a:" + "A" * 43 + "!"],
)
def test_wrong_settings_are_refused_without_repeating_them(tmp_path: Path, keys: str) -> None:
    """A key of the wrong form is an error that names the variable and not the key."""
    with pytest.raises(ConfigurationError, match="WEBOS_ENCRYPTION_KEYS") as refused:
        settings_in(tmp_path, keys)

    assert KEY not in str(refused.value)


def test_a_file_is_made_once(tmp_path: Path) -> None:
    """Without a setting a key is made in the data folder, readable for its owner only, and found again."""
    first = Keyring.of(settings_in(tmp_path / "data"))

    file = tmp_path / "data" / FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert Keyring.of(settings_in(tmp_path / "data")).keys == first.keys
    assert [path.name for path in file.parent.iterdir()] == [FILE_NAME]
    assert KEY not in repr(first)


def test_a_file_that_others_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    """A file with open permissions, or without a whole key, stops the start and is left alone."""
    Keyring.of(settings_in(tmp_path))
    file = tmp_path / FILE_NAME
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Keyring.of(settings_in(tmp_path))
    file.chmod(0o600)
    file.write_text("damaged")
    with pytest.raises(ConfigurationError, match="backup"):
        Keyring.of(settings_in(tmp_path))
    assert file.read_text() == "damaged"


def _make(folder: Path, results: Any) -> None:
    results.put(Keyring.of(settings_in(folder)).keys)


def test_two_processes_at_once_have_one_key(tmp_path: Path) -> None:
    """Several processes that start together read the same key."""
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=_make, args=(tmp_path, results)) for _ in range(4)]
    for process in processes:
        process.start()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)

    assert all(keys == found[0] for keys in found)


IDS = st.one_of(
    st.integers(-(2**62), 2**62), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.uuids(), st.binary(min_size=12, max_size=12).map(ObjectId),
)  # fmt: skip
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
PLACES = st.builds(Place, NAMES, NAMES, st.one_of(st.none(), st.uuids()), IDS)


@given(PLACES, PLACES, st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_opens_in_its_place_only(place: Place, other: Place, text: str) -> None:
    """What is sealed opens to the same text in its place, and nowhere else."""
    keyring = Keyring(dict([new_key()]))
    sealed = keyring.seal(text, place, searchable=True)

    assert keyring.open(sealed, place) == text
    assert sealed["index"] in keyring.blind_indexes(place.collection, place.field, text)
    if other != place:
        with pytest.raises(SecretDamagedError):
            keyring.open(sealed, other)


def test_another_key_does_not_open_it() -> None:
    """A key with the same id but other bytes finds the value damaged, and a keyring without the id says what is missing."""
    place = Place("c", "f", uuid4(), 1)
    sealed = Keyring({"a": bytes(32)}).seal("x", place, searchable=False)

    with pytest.raises(SecretDamagedError):
        Keyring({"a": bytes(range(32))}).open(sealed, place)
    with pytest.raises(SecretKeyMissingError, match="'a'"):
        Keyring({"b": bytes(32)}).open(sealed, place)


def test_equal_values_are_sealed_differently() -> None:
    """Sealing twice gives different values; the index is different for each field."""
    keyring = Keyring(parse_keys(f"a:{KEY}"))
    place = Place("c", "f", None, 1)

    assert keyring.seal("x", place, searchable=False)["text"] != keyring.seal("x", place, searchable=False)["text"]
    assert keyring.blind_indexes("c", "f", "x") != keyring.blind_indexes("c", "g", "x")
