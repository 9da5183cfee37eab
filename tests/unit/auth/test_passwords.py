"""Hashing and comparing passwords."""

import asyncio
import statistics
import time

import pytest

from tests.integration.auth.site import cheap_hasher
from webos.auth import PasswordHasher
from webos.auth.passwords import check_new_password
from webos.kernel.errors import InvalidInputError


async def test_tells_right_from_wrong() -> None:
    """The right password is valid, any other is not."""
    hasher = cheap_hasher()
    stored = await hasher.hash("correct horse")
    assert (await hasher.verify("correct horse", stored)).valid
    assert not (await hasher.verify("correct horsf", stored)).valid
    assert not (await hasher.verify("", stored)).valid


async def test_default_is_memory_hard_argon2id() -> None:
    """The parameters in use are those of RFC 9106 for little memory, in one lane."""
    assert (await PasswordHasher().hash("correct horse")).startswith("$argon2id$v=19$m=65536,t=3,p=1$")


async def test_nobody_is_never_valid() -> None:
    """Without a stored hash not even the stand-in's password could pass, and too long a one never does."""
    hasher = cheap_hasher()
    assert not (await hasher.verify("correct horse", None)).valid
    long = "x" * 2000
    stored = await hasher.hash(long[:1024])
    assert not (await hasher.verify(long, stored)).valid


async def test_same_text_in_other_code_points_is_the_same_password() -> None:
    """A composed and a decomposed umlaut are one password; half of a surrogate pair is no error."""
    hasher = cheap_hasher()
    stored = await hasher.hash("gr\u00fcner Tee")
    assert (await hasher.verify("gru\u0308ner Tee", stored)).valid
    assert not (await hasher.verify("\ud800", stored)).valid


async def test_weak_hash_is_renewed() -> None:
    """A hash made with weaker parameters comes back stronger, and only with the right password."""
    weak = await PasswordHasher(time_cost=1, memory_cost=8).hash("correct horse")
    strong = PasswordHasher(time_cost=2, memory_cost=16)
    verdict = await strong.verify("correct horse", weak)
    assert verdict.valid
    assert verdict.new_hash is not None
    assert "m=16,t=2" in verdict.new_hash
    assert (await strong.verify("correct horse", verdict.new_hash)).new_hash is None
    assert (await strong.verify("wrong", weak)).new_hash is None


async def test_broken_hash_is_not_valid() -> None:
    """A damaged hash is a wrong password."""
    hasher = cheap_hasher()
    stored = await hasher.hash("correct horse")
    assert not (await hasher.verify("correct horse", stored[:-4])).valid


async def test_unknown_users_take_as_long_as_known_ones() -> None:
    """The times of a wrong password for a known and for an unknown user overlap."""
    hasher = PasswordHasher(time_cost=1, memory_cost=16 * 1024)
    stored = await hasher.hash("correct horse")
    times: dict[bool, list[float]] = {True: [], False: []}
    for exists in [True, False] * 8:
        started = time.perf_counter()
        await hasher.verify("wrong", stored if exists else None)
        times[exists].append(time.perf_counter() - started)
    known, unknown = (statistics.median(times[key]) for key in (True, False))
    assert 0.5 < known / unknown < 2


async def test_two_at_a_time() -> None:
    """However many ask, two threads hash."""
    hasher = cheap_hasher()
    running = most = 0
    inner = hasher._hasher.hash  # the only place where it can be seen

    def counted(password: str | bytes, **options: bytes | None) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.01)
        running -= 1
        return inner(password, **options)

    hasher._hasher.hash = counted  # type: ignore[method-assign]  # as above
    await asyncio.gather(*(hasher.hash("correct horse") for _ in range(10)))
    assert most == 2


@pytest.mark.parametrize(
    ("password", "fits"), [("1234567", False), ("12345678", True), ("x" * 1024, True), ("x" * 1025, False)]
)
def test_length_of_new_passwords(password: str, fits: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Eight to 1024 characters."""
    if fits:
        check_new_password(password)
    else:
        with pytest.raises(InvalidInputError) as caught:
            check_new_password(password)
        assert list(caught.value.fields) == ["password"]
