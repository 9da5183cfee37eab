"""The service registry: the one place to ask for a service, by name or by type."""

from typing import Any, TypeVar, overload

from webos.kernel.errors import ServiceNotFoundError

__all__ = ["ServiceRegistry"]

S = TypeVar("S")


class ServiceRegistry:
    """Services of one application, by name and by type.

    A service registered under a name is also found by its class and by each of its base classes, as long as
    only one registered service fits.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Any] = {}
        self._by_type: dict[type, list[str]] = {}

    def register(self, name: str, service: Any) -> None:  # noqa: ANN401 - the specification's signature
        """Make `service` known as `name`.

        Args:
            name: Unique name, `module.service` for those of modules.
            service: The instance.

        Raises:
            ValueError: The name is taken.
        """
        if name in self._by_name:
            msg = f"a service named {name!r} is already registered"
            raise ValueError(msg)
        self._by_name[name] = service
        for base in type(service).__mro__[:-1]:
            self._by_type.setdefault(base, []).append(name)

    def unregister(self, name: str) -> None:
        """Forget the service `name`; unknown names are ignored."""
        service = self._by_name.pop(name, None)
        if service is not None:
            for base in type(service).__mro__[:-1]:
                self._by_type[base].remove(name)

    @overload
    def get(self, key: str) -> Any: ...  # noqa: ANN401 - by name the type cannot be known
    @overload
    def get(self, key: type[S]) -> S: ...

    def get(self, key: str | type[S]) -> Any:
        """Return the service with the name `key`, or the only one of the type `key`.

        Raises:
            ServiceNotFoundError: There is none, or more than one of that type.
        """
        if isinstance(key, str):
            if key not in self._by_name:
                msg = f"no service {key!r}; registered are {', '.join(sorted(self._by_name)) or 'none'}"
                raise ServiceNotFoundError(msg)
            return self._by_name[key]
        names = self._by_type.get(key, [])
        exact = [name for name in names if type(self._by_name[name]) is key]
        candidates = exact or names
        if len(candidates) != 1:
            found = ", ".join(candidates) or "none"
            msg = f"one service of type {key.__qualname__} was asked for, registered: {found}"
            raise ServiceNotFoundError(msg)
        return self._by_name[candidates[0]]

    def names(self) -> list[str]:
        """Return the names of all services, sorted."""
        return sorted(self._by_name)
