"""Checking declarations when services are built, and handing out the readers that were declared."""

from collections.abc import Collection

from webos.data.grants.declaration import DataAccess, declared_access
from webos.data.grants.reader import DataReader
from webos.data.grants.registry import Grant, GrantRegistry
from webos.data.grants.shape import Shape, shape_of
from webos.data.guard import GuardedDatabase
from webos.data.guard.grant_scope import UndeclaredAccessError, declaration
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.kernel.errors import ConfigurationError, NotFoundError

__all__ = ["GrantDesk"]


class GrantDesk:
    """Grants reads of other modules' data to services.

    Args:
        models: The document classes.
        database: The guarded database.
        registry: Where grants are listed.
    """

    def __init__(self, models: ModelRegistry, database: GuardedDatabase, registry: GrantRegistry) -> None:
        self._models = models
        self._database = database
        self._registry = registry
        self._readers: dict[tuple[str, str], DataReader] = {}

    def declare(self, consumer: str, service: type, requires: Collection[str]) -> None:
        """Grant what a service has declared.

        Args:
            consumer: The service, `module.Class`.
            service: Its class.
            requires: The modules that its module requires.

        Raises:
            ConfigurationError: A declaration asks for what is not there, or for a module that is not required.
        """
        granted = [self._grant(consumer, access, requires) for access in declared_access(service).values()]
        for grant, info, shape in granted:
            self._registry.add(grant)
            self._readers[consumer, grant.model] = DataReader(grant, info, shape, self._database)

    def reader(self, consumer: str, model: str) -> DataReader:
        """Return the reader of a service for a model.

        Raises:
            UndeclaredAccessError: The service has not declared it; the message says what to declare.
        """
        found = self._readers.get((consumer, model))
        if found is None:
            msg = f"{consumer} reads {model}, which it has not declared; write above the class: {self._example(model)}"
            raise UndeclaredAccessError(msg)
        return found

    def _grant(self, consumer: str, access: DataAccess, requires: Collection[str]) -> tuple[Grant, ModelInfo, Shape]:
        own, module = consumer.partition(".")[0], access.model.partition(".")[0]
        line = declaration(access.model, list(access.fields))
        if module not in {own, *requires}:
            msg = f'{consumer}: {line} needs the module {module!r}; add requires=["{module}"] to the manifest of {own}'
            raise ConfigurationError(msg)
        try:
            info = self._models[access.model]
        except NotFoundError:
            known = ", ".join(sorted(each.name for each in self._models if each.module == module)) or "none"
            msg = f"{consumer}: {line}: there is no model {access.model}; the module {module!r} has {known}"
            raise ConfigurationError(msg) from None
        try:
            shape = shape_of(info.document, access.fields)
        except ValueError as error:
            msg = f"{consumer}: {line}: {error}"
            raise ConfigurationError(msg) from None
        return Grant(consumer, access.model, access.access, access.fields), info, shape

    def _example(self, model: str) -> str:
        try:
            document = self._models[model].document
        except NotFoundError:
            return declaration(model, ["..."])
        own = [name for name in document.model_fields if name in document.__annotations__]
        return declaration(model, own or ["..."])
