"""Making document classes usable: settings, inheritance, indexes, stamps, and what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid4

import pytest
from beanie import (
    Document,
    Indexed,
    Insert,
    Replace,
    Save,
    UnionDoc,
    Update,
    View,
    after_event,
    before_event,
    init_beanie,
)
from beanie.odm.utils.init import Initializer
from pydantic import BaseModel, Field
from pymongo import IndexModel

from tests.integration.data.library import describe
from tests.integration.data.models import Note, Page
from webos.data.audit.journal import JOURNAL
from webos.data.connection import Connection
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.guard import GuardedDatabase
from webos.data.guard.refusal import GuardRefusalError
from webos.data.initializer import initialize_models
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.server_traits import ServerTraits
from webos.kernel.context import SYSTEM, Principal, acting_as


@pytest.fixture(autouse=True)
def _acting(anna: Principal) -> Any:
    with acting_as(anna):
        yield


@pytest.fixture
def start(database: GuardedDatabase, traits: ServerTraits) -> Any:
    """Return a function that makes classes of the module `zoo` usable."""

    async def initialize(*documents: Any) -> None:
        await initialize_models(database, describe("zoo", *documents), major_version=traits.major_version)

    return initialize


async def test_only_collections_of_models_are_made(start: Any, mongo: Connection) -> None:
    """Base classes, abstract or not, and links make no collections."""

    class Base(CoreDocument):
        __abstract__: ClassVar[bool] = True
        label: str = ""

    class Animal(Base):
        legs: int = 4

    class Dog(Animal):
        name: str = "Rex"

    await start(Dog)
    assert set(await mongo.raw.list_collection_names()) <= {"zoo.Dog"}
    await Dog().insert()
    assert set(await mongo.raw.list_collection_names()) == {"zoo.Dog", JOURNAL}


async def test_a_class_may_derive_from_one_that_is_in_use(start: Any, mongo: Connection) -> None:
    """A class defined after its parent was initialised has the parent's real defaults and a collection of its own."""

    class Animal(CoreDocument):
        legs: int = 4
        name: str
        owner: UUID | None = None
        tags: list[str] = Field(default_factory=list)

    await start(Animal)
    assert str(Animal.legs) == "legs"

    class Dog(Animal):
        breed: str = "mixed"

    dog = Dog.model_construct()
    assert (dog.legs, dog.tags, dog.breed) == (4, [], "mixed")
    with pytest.raises(ValueError, match="name"):
        Dog.model_validate({})
    await start(Dog)
    stored = await Dog(name="Rex").insert()
    assert (stored.legs, stored.tags, stored.owner, stored.revision) == (4, [], None, 1)
    assert await Animal.count() == 0
    await Animal(name="Cow").insert()
    assert await Dog.find(Dog.legs == 4).count() == 1
    assert await mongo.raw["zoo.Dog"].count_documents({}) == 1


async def test_settings_go_on_from_those_of_the_parent(start: Any, mongo: Connection) -> None:
    """A child's Settings add to its parent's; the collection's name and the indexes are its own unless it asks."""

    class Base(CoreDocument):
        __abstract__: ClassVar[bool] = True
        a: int = 0
        b: int = 0

        class Settings:
            indexes: ClassVar[list[Any]] = ["a"]
            label = "a"

    class Plain(Base):
        class Settings:
            name = "plain_things"
            sort = "b"

    class Merged(Base):
        class Settings:
            indexes: ClassVar[list[Any]] = [IndexModel([("b", 1)], name="by_b")]
            merge_indexes = True

    class Child(Plain): ...

    await start(Plain, Merged, Child)
    assert (Plain.Settings.label, Plain.Settings.sort, Plain.get_settings().max_nesting_depth) == ("a", "b", 1)  # type: ignore[attr-defined]
    assert [each.get_collection_name() for each in (Plain, Merged, Child)] == [
        "plain_things",
        "zoo.Merged",
        "zoo.Child",
    ]
    names = set(await mongo.raw["zoo.Merged"].index_information())
    assert {"live_a_1", "live_by_b"} <= names
    assert "live_a_1" in await mongo.raw["plain_things"].index_information()


async def test_models_can_be_initialised_again(start: Any) -> None:
    """Doing it twice changes nothing: a restart, or a module that is enabled again."""

    class Animal(CoreDocument):
        name: Annotated[str, Indexed(unique=True)]

    for _ in range(3):
        await start(Animal)
    await Animal(name="Cow").insert()
    await start(Animal)
    assert await Animal.find(Animal.name == "Cow").count() == 1


def _with(setting: str, value: object) -> type[CoreDocument]:
    class Odd(CoreDocument): ...

    setattr(Odd.Settings, setting, value)
    return Odd


REFUSED: dict[str, tuple[Any, str]] = {
    "cache": (_with("use_cache", 1), "use_cache"),
    "root": (_with("is_root", 1), "is_root"),
    "union": (_with("union_doc", UnionDoc), "union_doc"),
    "timeseries": (_with("timeseries", object()), "timeseries"),
    "view": (type("Odd", (View,), {"__module__": __name__}), "CoreDocument"),
    "union class": (type("Odd", (UnionDoc,), {}), "CoreDocument"),
    "plain document": (type("Odd", (Document,), {"__module__": __name__}), "CoreDocument"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_would_go_round_the_guard_is_refused(start: Any, mongo: Connection, what: str) -> None:
    """Caches, families in one collection, views and unions are refused when the module comes up, with the reason."""
    odd, words = REFUSED[what]
    with pytest.raises(ValueError, match=words):
        await start(odd)
    assert await mongo.raw.list_collection_names() == []


async def test_two_documents_are_no_bases(start: Any) -> None:
    """A class with two documents among its bases would silently not work; plain models are fine."""

    class One(CoreDocument):
        a: int = 0

    class Two(CoreDocument):
        b: int = 0

    class Both(One, Two): ...

    class Mixin(BaseModel):
        c: int = 3

    class Fine(One, Mixin): ...

    with pytest.raises(ValueError, match="more than one document"):
        await start(Both)
    await start(Fine)
    assert (await Fine().insert()).c == 3


async def test_beanie_itself_cannot_be_started_on_the_guarded_database(library: GuardedDatabase) -> None:
    """Views, unions and cached twins cannot be connected behind the framework's back."""

    class Odd(Document):
        a: int = 0

    with pytest.raises(GuardRefusalError):
        await init_beanie(library, document_models=[Odd])  # type: ignore[arg-type]
    with pytest.raises(GuardRefusalError):
        Initializer(library, document_models=[Odd])  # type: ignore[arg-type]


def test_two_models_cannot_share_a_name_or_a_collection() -> None:
    """The registry refuses a second model of the same name, and a twin of a collection."""

    class Animal(CoreDocument): ...

    class Twin(CoreDocument):
        class Settings:
            name = "zoo.Animal"

    registry = ModelRegistry()
    registry.add(describe("zoo", Animal)[0])
    for double in (ModelInfo("zoo.Animal", "zoo", Twin, None, None), describe("farm", Twin)[0]):
        with pytest.raises(ValueError, match=r"zoo\.Animal"):
            registry.add(double)
    assert [info.name for info in registry] == ["zoo.Animal"]


async def test_values_come_back_as_they_were_stored(library: GuardedDatabase, mongo: Connection) -> None:
    """Decimals keep every digit, times their zone, on models and in raw rows; sums of decimals are decimals."""
    del library
    prices = [Decimal("0.10"), Decimal("12345678901234567890.123456789"), Decimal("-0.3"), Decimal("1E+3")]
    at = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
    for number, price in enumerate(prices):
        parts = [{"price": price, "deep": {"price": price}}]
        await Page(code=str(number), price=price, seen_at=at, parts=parts, words=["ä", ""]).insert()
    found = await Page.find(sort="code").to_list()
    assert [str(each.price) for each in found] == [str(price) for price in prices]
    assert [each.parts[0]["deep"]["price"] for each in found] == prices
    assert {each.seen_at for each in found} == {at}
    assert await Page.find(Page.price == Decimal("0.1")).count() == 1
    assert await Page.find(Page.price < Decimal(0)).count() == 1
    await found[0].set({Page.price: Decimal("0.20")})
    assert found[0].price == Decimal("0.20")
    rows = await Page.get_pymongo_collection().find({"code": {"$in": ["0", "2"]}}, {"price": 1}).to_list()
    assert [type(row["price"]) for row in rows] == [Decimal, Decimal]
    assert await Page.find({"code": {"$in": ["0", "2"]}}).sum("price") == Decimal("-0.10")
    stored = await mongo.raw["library.Page"].find_one({"code": "1"})
    assert stored is not None
    assert stored["price"].to_decimal() == prices[1]


async def test_the_object_at_hand_has_the_stored_stamps(library: GuardedDatabase, mongo: Connection) -> None:
    """After each write, author, times and revision of the object equal the stored ones to the millisecond."""
    del library
    for model in (Note, Page):
        raw = mongo.raw[model.get_collection_name()]

        async def check(document: Note | Page, raw: Any = raw) -> None:
            stored = await raw.find_one({"_id": document.id})
            names = ("created_at", "created_by", "updated_at", "updated_by", "deleted_at", "revision")
            assert {name: stored[name] for name in names} == {name: getattr(document, name) for name in names}

        document = await model(code="it").insert()
        await check(document)
        assert datetime.now(UTC) - document.created_at < timedelta(minutes=5)  # type: ignore[operator]
        document.title = "x"
        for write in (document.save, document.replace, lambda: document.set({"title": "y"}), document.delete):  # noqa: B023
            await write()
            await check(document)
        assert document.created_at < document.updated_at  # type: ignore[operator]


async def test_event_actions_run_as_beanie_says(start: Any) -> None:
    """Inserts, saves, replacements and updates fire their actions once, and what these change is stored."""
    fired: list[str] = []

    class Animal(CoreDocument):
        name: str = ""
        shout: str = ""

        @before_event(Insert, Replace, Update)
        def loud(self) -> None:
            self.shout = self.name.upper()
            fired.append("before")

        @after_event(Insert, Save, Replace, Update)
        def after(self) -> None:
            fired.append("after")

    await start(Animal)
    animal = await Animal(name="cow").insert()
    assert (fired, animal.shout) == (["before", "after"], "COW")
    fired.clear()
    animal.name = "dog"
    await animal.save()
    assert fired == ["before", "after", "after"]
    fired.clear()
    await animal.replace()
    assert fired == ["before", "after"]
    fired.clear()
    animal.name = "cat"
    await animal.set({"name": "cat"})
    assert fired == ["before", "after"]
    stored = await Animal.get(animal.id)
    assert stored is not None
    assert (stored.name, stored.shout) == ("cat", "CAT")
    fired.clear()
    await animal.set({"name": "hen"}, skip_actions=["loud", "after"])
    assert (fired, animal.shout) == ([], "CAT")


async def test_state_management_works_with_the_guard(start: Any) -> None:
    """`save_changes` writes what was changed, and knows afterwards that nothing is."""

    class Animal(CoreDocument):
        name: str = ""
        legs: int = 4

        class Settings:
            use_state_management = True

    await start(Animal)
    animal = await Animal(name="cow").insert()
    assert not animal.is_changed
    animal.legs = 3
    assert animal.get_changes() == {"legs": 3}
    await animal.save_changes()
    assert (animal.is_changed, animal.revision) == (False, 2)
    animal.name = "dog"
    await animal.save()
    assert (animal.is_changed, animal.revision) == (False, 3)
    found = await Animal.find_one()
    assert found is not None
    assert (found.is_changed, found.legs, found.name) == (False, 3, "dog")


async def test_many_classes_come_up_side_by_side(database: GuardedDatabase, traits: ServerTraits) -> None:
    """Modules can be initialised at the same time, while others read."""

    class Busy(CoreDocument):
        n: int = 0

    await initialize_models(database, describe("busy", Busy), major_version=traits.major_version)
    await Busy().insert()

    def make(number: int) -> type[CoreDocument]:
        base = OwnedDocument if number % 2 else CoreDocument
        return type(f"Made{number}", (base,), {"__annotations__": {"a": int}, "a": number, "__module__": __name__})

    made = [make(number) for number in range(8)]

    async def read() -> None:
        for _ in range(20):
            assert await Busy.count() == 1

    ups = [initialize_models(database, describe(f"m{i}", each), major_version=8) for i, each in enumerate(made)]
    await asyncio.gather(*ups, read())
    for each in made:
        await each().insert()
        assert await each.count() == 1
    with acting_as(SYSTEM):
        assert await made[1].count() == 1
    with acting_as(Principal(uuid4(), "other")):
        assert [await made[0].count(), await made[1].count()] == [1, 0]
