"""The service registry."""

import pytest

from webos.kernel.errors import ServiceNotFoundError
from webos.kernel.registry import ServiceRegistry


class Store:
    """What two services have in common."""


class Disk(Store):
    """One kind of store."""


class Cloud(Store):
    """Another kind of store."""


class CachedDisk(Disk):
    """A disk with something in front."""


def test_finds_by_name_and_by_type() -> None:
    """A service is found under its name, its class and each of its base classes."""
    services, disk = ServiceRegistry(), CachedDisk()
    services.register("files.disk", disk)
    assert services.get("files.disk") is disk
    assert services.get(CachedDisk) is disk
    assert services.get(Disk) is disk
    assert services.get(Store) is disk


def test_a_type_that_two_have_is_ambiguous() -> None:
    """Where two services fit, none is picked, and the error names both."""
    services = ServiceRegistry()
    services.register("a", Disk())
    services.register("b", Cloud())
    with pytest.raises(ServiceNotFoundError, match="type Store was asked for, registered: a, b"):
        services.get(Store)
    assert type(services.get(Cloud)) is Cloud


def test_the_exact_type_wins_over_a_derived_one() -> None:
    """A class that is registered itself is meant, though a derived one fits too."""
    services, disk = ServiceRegistry(), Disk()
    services.register("cached", CachedDisk())
    services.register("plain", disk)
    assert services.get(Disk) is disk
    services.register("second", Disk())
    with pytest.raises(ServiceNotFoundError, match="plain, second"):
        services.get(Disk)


def test_object_is_no_way_to_get_anything() -> None:
    """That everything is an object does not make it a service type."""
    services = ServiceRegistry()
    services.register("a", Disk())
    with pytest.raises(ServiceNotFoundError):
        services.get(object)


def test_unknown_ones_are_named() -> None:
    """The error says what was asked for and what there is; its user reads nothing of that."""
    services = ServiceRegistry()
    with pytest.raises(ServiceNotFoundError, match="no service 'a'; registered are none"):
        services.get("a")
    services.register("b", Disk())
    with pytest.raises(ServiceNotFoundError, match="no service 'a'; registered are b") as caught:
        services.get("a")
    assert "registered" not in caught.value.user_message
    with pytest.raises(ServiceNotFoundError, match="type Cloud was asked for, registered: none"):
        services.get(Cloud)


def test_a_name_is_given_once() -> None:
    """A second service of the same name is refused and leaves the first alone."""
    services, first = ServiceRegistry(), Disk()
    services.register("a", first)
    with pytest.raises(ValueError, match="a service named 'a' is already registered"):
        services.register("a", Cloud())
    assert services.get("a") is first
    assert services.get(Store) is first
    with pytest.raises(ServiceNotFoundError):
        services.get(Cloud)


def test_unregistered_ones_are_gone() -> None:
    """After it left, a service is found by no way, another of its type alone again, and its name is free."""
    services = ServiceRegistry()
    services.register("a", Disk())
    services.register("b", Cloud())
    services.unregister("a")
    services.unregister("never there")
    assert services.names() == ["b"]
    assert type(services.get(Store)) is Cloud
    with pytest.raises(ServiceNotFoundError):
        services.get(Disk)
    services.register("a", Disk())
    assert services.names() == ["a", "b"]


def test_an_empty_service_is_a_service() -> None:
    """A service that counts as false is found and unregistered like any other."""
    services: ServiceRegistry = ServiceRegistry()
    services.register("list", [])
    assert services.get(list) == []
    services.unregister("list")
    with pytest.raises(ServiceNotFoundError):
        services.get(list)
