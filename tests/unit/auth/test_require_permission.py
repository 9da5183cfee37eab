"""`@require_permission` on everything that can be called."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from webos.auth import require_permission
from webos.kernel.context import ANONYMOUS, SYSTEM, Principal, acting_as
from webos.kernel.errors import NotSignedInError, PermissionDeniedError

READER = Principal(uuid4(), "reader", grants=frozenset({"shop.*"}))
NOBODY = Principal(uuid4(), "nobody", grants=frozenset({"shopping.read"}))


class Shop:
    """One of each kind."""

    ran: int = 0

    @require_permission("shop.read")
    def sync(self, value: int = 1) -> int:
        """Say it back."""
        self.ran += 1
        return value

    @require_permission("shop.read")
    async def coroutine(self, value: int = 1) -> int:
        """Say it back, later."""
        self.ran += 1
        return value

    @require_permission("shop.read")
    def generator(self, value: int = 1) -> Iterator[int]:
        """Say it back once."""
        self.ran += 1
        yield value

    @require_permission("shop.read")
    async def async_generator(self, value: int = 1) -> AsyncIterator[int]:
        """Say it back once, later."""
        self.ran += 1
        yield value

    @staticmethod
    @require_permission("shop.read")
    def static(value: int = 1) -> int:
        """Say it back without a shop."""
        return value

    @classmethod
    @require_permission("shop.read")
    def of_class(cls, value: int = 1) -> int:
        """Say it back for all shops."""
        return value

    @property
    @require_permission("shop.read")
    def attribute(self) -> int:
        """Be one."""
        return 1

    async def call(self, name: str) -> Any:
        """Call one of the above and return what comes out, whatever it is."""
        if name == "attribute":
            return self.attribute
        result = getattr(self, name)(value=1)
        if inspect.isasyncgen(result):
            return await anext(result)
        if inspect.isgenerator(result):
            return next(result)
        return await result if inspect.isawaitable(result) else result


KINDS = ["sync", "coroutine", "generator", "async_generator", "static", "of_class", "attribute"]


@pytest.mark.parametrize("kind", KINDS)
async def test_lets_the_permitted_pass(kind: str) -> None:
    """Who holds the permission, by name, wildcard or as the system, gets the result."""
    for user in (READER, SYSTEM):
        with acting_as(user):
            assert await Shop().call(kind) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("user", "error"), [(NOBODY, PermissionDeniedError), (ANONYMOUS, NotSignedInError)])
async def test_refuses_others(kind: str, user: Principal, error: type[Exception]) -> None:
    """Who lacks it is refused before anything of the function runs."""
    shop = Shop()
    with acting_as(user), pytest.raises(error):
        await shop.call(kind)
    assert shop.ran == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_fails_closed_without_a_user(kind: str) -> None:
    """Code that runs outside of any request, event or task may do nothing."""
    with pytest.raises(NotSignedInError):
        await Shop().call(kind)


@pytest.mark.parametrize("kind", ["generator", "async_generator"])
async def test_generator_is_checked_again_when_it_begins(kind: str) -> None:
    """A generator that one user made does not run for another."""
    shop = Shop()
    with acting_as(READER):
        items = getattr(shop, kind)()
    with acting_as(NOBODY), pytest.raises(PermissionDeniedError):
        next(items) if kind == "generator" else await anext(items)
    assert shop.ran == 0


async def test_generator_is_closed_with_its_guard() -> None:
    """Leaving the loop early runs the function's own clean-up at once."""
    closed: list[bool] = []

    @require_permission("shop.read")
    async def rows() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    with acting_as(READER):
        items = rows()
        await anext(items)
        await items.aclose()  # type: ignore[attr-defined]  # declared as an iterator, as modules do
    assert closed == [True]


async def test_check_follows_the_context_into_threads() -> None:
    """`asyncio.to_thread` carries the user."""
    with acting_as(READER):
        assert await asyncio.to_thread(Shop().sync) == 1
    with acting_as(NOBODY), pytest.raises(PermissionDeniedError):
        await asyncio.to_thread(Shop().sync)


async def test_all_of_several_permissions_are_needed() -> None:
    """Two decorators ask for both."""

    @require_permission("shop.write")
    @require_permission("shop.read")
    async def both() -> None:
        """Do nothing."""

    with acting_as(Principal(uuid4(), "half", grants=frozenset({"shop.write"}))), pytest.raises(PermissionDeniedError):
        await both()


def test_function_keeps_its_face() -> None:
    """Name, docstring, signature and kind stay, for FastAPI and people read them."""
    assert Shop.sync.__name__ == "sync"
    assert Shop.sync.__doc__ == "Say it back."
    assert list(inspect.signature(Shop.sync).parameters) == ["self", "value"]
    assert inspect.iscoroutinefunction(Shop.coroutine)
    assert Shop.sync.__webos_permission__ == "shop.read"  # type: ignore[attr-defined]  # set by the decorator


@pytest.mark.parametrize("name", ["shop", "shop.*", "*", "Shop.read", "shop.read ", "", "shop..read", None])
def test_refuses_what_is_no_permission(name: Any) -> None:
    """A wildcard or a typing error in the name stops the import of the module."""
    with pytest.raises(ValueError, match="not a permission name"):
        require_permission(name)


@pytest.mark.parametrize("kind", [staticmethod, classmethod, property])
def test_refuses_to_go_round_descriptors(kind: Callable[..., Any]) -> None:
    """Above `@staticmethod` and the like it would check nothing, so it says where it belongs."""
    with pytest.raises(TypeError, match="below @staticmethod"):
        require_permission("shop.read")(kind(lambda: None))


def test_refuses_classes() -> None:
    """A class is no function."""
    with pytest.raises(TypeError, match="decorates functions"):
        require_permission("shop.read")(Shop)
