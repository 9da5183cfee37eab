"""What a migration is given."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from loguru import logger
from pymongo.errors import OperationFailure

from webos.data.migrations.batches import Batch, iterate_batches
from webos.data.migrations.collection import MigrationCollection
from webos.data.migrations.errors import MigrationError

if TYPE_CHECKING:
    from loguru import Logger

    from webos.data.migrations.run import MigrationRun

__all__ = ["MigrationContext"]

_NAMESPACE_NOT_FOUND = 26
_INDEX_NOT_FOUND = 27


class MigrationContext:
    """The data of a module, for its migrations: `async def forward(ctx)` and `async def backward(ctx)`.

    Args:
        run: The run.

    Attributes:
        log: A logger that says which migration it is.
    """

    def __init__(self, run: "MigrationRun") -> None:
        self._run = run
        self.log: Logger = logger.bind(module=f"module.{run.module.name}")

    def collection(self, name: str) -> MigrationCollection:
        """Return the collection of a model, also of one that the module does not have any more.

        Args:
            name: `module.Class`. Models of required modules can be read only.

        Raises:
            MigrationError: The model is neither the module's own nor that of one it requires.
        """
        readable = self._run.module.readable
        if name in readable:
            return MigrationCollection(self._run.database[readable[name]], self._run, writable=False)
        return MigrationCollection(self._run.database[self._run.module.own_collection(name)], self._run, writable=True)

    def batches(
        self,
        name: str,
        filter: Mapping[str, Any] | None = None,  # noqa: A002 - as the driver
        *,
        size: int = 1000,
    ) -> AsyncIterator[Batch]:
        """Yield the documents of a model batch by batch, each in a transaction of its own.

        A run that is interrupted goes on behind the last batch it has done.

        Args:
            name: `module.Class`, of the module itself.
            filter: Which documents; all of them where None.
            size: How many at a time.

        Raises:
            MigrationError: The model is not the module's own.
        """
        if size < 1:
            msg = "a batch has at least one document"
            raise MigrationError(msg)
        return iterate_batches(self._run, self._run.database[self._run.module.own_collection(name)], filter or {}, size)

    async def rename_collection(self, old: str, new: str) -> None:
        """Give the collection of a model the name of another, which must have no documents; twice is as good as once.

        Only for a migration that says `transaction = False`.

        Raises:
            MigrationError: Both have documents, or the migration runs in a transaction.
        """
        if not await self._may_restructure("rename_collection"):
            return
        source, target = (self._run.database[self._run.module.own_collection(name)] for name in (old, new))
        if await source.find_one({}, {"_id": 1}) is None:
            return
        if await target.find_one({}, {"_id": 1}) is not None:
            msg = f"{target.name} has documents already, so {source.name} cannot take its name"
            raise MigrationError(msg)
        await source.rename(target.name, dropTarget=True)

    async def drop_index(self, name: str, index: str) -> None:
        """Drop an index that the model does not declare any more; one that is not there is fine.

        Only for a migration that says `transaction = False`.

        Args:
            name: `module.Class`.
            index: Name of the index, such as `number_1`.

        Raises:
            MigrationError: The migration runs in a transaction.
        """
        if not await self._may_restructure("drop_index"):
            return
        try:
            await self._run.database[self._run.module.own_collection(name)].drop_index(index)
        except OperationFailure as error:
            if error.code not in {_NAMESPACE_NOT_FOUND, _INDEX_NOT_FOUND}:
                raise

    async def _may_restructure(self, method: str) -> bool:
        if self._run.whole or (self._run.session is not None and not self._run.is_trial):
            msg = (
                f"{self._run.file.id}: {method} works outside of transactions only; say `transaction = False`, and call "
                "it outside of loops over batches"
            )
            raise MigrationError(msg)
        await self._run.allow_write()
        return not self._run.is_trial
