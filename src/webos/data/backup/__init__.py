"""Backups: all data of one database in one file, written while others work, checked, and put back whole.

Knows the driver only; what the documents mean is nothing to it.
"""

from webos.data.backup.errors import BackupDamagedError, BackupError, RestoreRefusedError
from webos.data.backup.file import BackupFile
from webos.data.backup.manifest import Manifest, Part
from webos.data.backup.reading import BackupProgress, write_backup
from webos.data.backup.restoring import finish_restore, holds_data, restore_backup

__all__ = [
    "BackupDamagedError",
    "BackupError",
    "BackupFile",
    "BackupProgress",
    "Manifest",
    "Part",
    "RestoreRefusedError",
    "finish_restore",
    "holds_data",
    "restore_backup",
    "write_backup",
]
