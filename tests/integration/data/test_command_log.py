"""The test kit finds queries for each row."""

from collections.abc import Iterator

import pytest

from tests.integration.data.models import Page, Tag
from webos.data.server_traits import ServerTraits
from webos.kernel.context import Principal, acting_as
from webos.testing.commands import CommandLog

pytestmark = pytest.mark.usefixtures("library")


@pytest.fixture(autouse=True)
def as_anna(anna: Principal) -> Iterator[None]:
    with acting_as(anna):
        yield


async def _pages(count: int) -> None:
    tags = [await Tag(word=f"w{number}").insert() for number in range(count)]
    for number, tag in enumerate(tags):
        await Page(code=f"p{number}", main_tag=tag, tags=tags[:2]).insert()


async def test_a_query_for_each_row_is_found(commands: CommandLog) -> None:
    """A loop that fetches the link of each document fails the test, and the message names the question."""
    await _pages(5)

    async def fetch_each() -> None:
        with commands.once_each():
            for page in await Page.find_all().to_list():
                await page.fetch_link(Page.main_tag)

    with pytest.raises(AssertionError, match=r"aggregate library.Tag .*” was sent 5 times"):
        await fetch_each()


async def test_links_that_are_fetched_at_once_pass(commands: CommandLog) -> None:
    """One query with its links, or one for all links, is no question for each row."""
    await _pages(5)
    with commands.once_each(), commands.at_most(1) as sent:
        pages = await Page.find_all(fetch_links=True).to_list()
    assert [command.name for command in sent.commands] == ["aggregate"]
    assert all(isinstance(page.main_tag, Tag) for page in pages)
    with commands.at_most(2):
        for_links = await Page.find_all().to_list()
        words = await Tag.find({"_id": {"$in": [page.main_tag.ref.id for page in for_links]}}).to_list()  # type: ignore[union-attr]
    assert len(words) == 5


async def test_a_change_on_record_counts_once(commands: CommandLog, traits: ServerTraits) -> None:
    """A save whose entry goes in the same request is shown as the change that it is, and so found in a loop."""
    pages = [await Page(code=f"p{number}").insert() for number in range(3)]
    with commands.recording() as sent:
        for page in pages:
            page.title = "new"
            await page.save()
    wanted = {"update library.Page {_id, revision, deleted_at}": 3}
    if not traits.writes_across_collections:
        wanted["insert webos.audit"] = 3
    assert {str(command): count for command, count in sent.repeated().items()} == wanted


async def test_links_are_lazy(commands: CommandLog) -> None:
    """Reading documents does not read what they link to."""
    await _pages(2)
    with commands.recording() as sent:
        await Page.find_all().to_list()
    assert [str(command) for command in sent.commands] == ["find library.Page {deleted_at}"]


async def test_too_many_commands_are_listed(commands: CommandLog) -> None:
    """A block that sends more than it may fails with all that it sent."""

    async def count_twice() -> None:
        with commands.at_most(1):
            await Page.find_all().count()
            await Page.find_all().count()

    with pytest.raises(AssertionError, match=r"2 commands were sent, at most 1 were expected:\n  2 x aggregate"):
        await count_twice()


async def test_changes_are_told_apart_by_their_filter(commands: CommandLog) -> None:
    """Saves of many documents are a repeated question, a bulk update is one."""
    await _pages(4)
    with commands.recording() as saved:
        for page in await Page.find_all().to_list():
            page.title = "new"
            await page.save()
    with commands.recording() as bulk:
        await Page.find_all().set({"title": "newer"})
    assert max(saved.repeated().values()) == 4
    assert "update" not in {command.name for command in bulk.repeated()}
