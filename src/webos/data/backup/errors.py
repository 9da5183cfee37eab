"""What can be wrong with backups."""

from webos.kernel.errors import WebOSError

__all__ = ["BackupDamagedError", "BackupError", "RestoreRefusedError"]


class BackupError(WebOSError):
    """A backup cannot be written; the message says why and what to do."""

    code = "webos.backup"
    title = "The backup cannot be written"


class BackupDamagedError(WebOSError):
    """A file is no backup, or not whole; nothing was changed."""

    code = "webos.backup_damaged"
    title = "The backup is damaged"


class RestoreRefusedError(WebOSError):
    """The database is in use or holds data; nothing was changed."""

    code = "webos.restore_refused"
    status = 409
    title = "The backup is not restored"
