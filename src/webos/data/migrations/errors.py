"""What can be wrong with migrations."""

from webos.kernel.errors import WebOSError

__all__ = ["BatchesNeeded", "LeaseLostError", "MigrationError"]


class MigrationError(WebOSError):
    """A migration cannot run; the message says why and what to do."""

    code = "webos.migration"
    title = "A migration cannot run"


class LeaseLostError(MigrationError):
    """Another process runs the migrations now, for this one gave no sign of life for too long."""

    code = "webos.migration_lease_lost"
    title = "Another process runs the migrations now"


class BatchesNeeded(Exception):  # noqa: N818 - a signal to the runner, never shown
    """A migration that was begun in one transaction wants batches; it is begun anew without one."""
