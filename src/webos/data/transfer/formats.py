"""The kinds of files that are read and written."""

from enum import StrEnum
from pathlib import PurePath

from webos.data.transfer.errors import UnreadableFileError

__all__ = ["FileFormat", "detect_format"]

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_JSONL_SUFFIXES = frozenset({".jsonl", ".ndjson"})


class FileFormat(StrEnum):
    """A kind of file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        """What HTTP calls it."""
        return _MEDIA_TYPES[self.value]


_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl; charset=utf-8",
}


def detect_format(name: str, head: bytes) -> FileFormat:
    """Return what kind of file this is, by its first bytes before its name.

    Args:
        name: Name of the file.
        head: Its first bytes; at least 8 if it has so many.

    Raises:
        UnreadableFileError: It is of a kind that is known not to be read here.
    """
    suffix = PurePath(name).suffix.lower()
    if head.startswith(_ZIP):
        return FileFormat.XLSX
    if head.startswith(_OLD_OFFICE):
        msg = "This is a workbook of the old kind (.xls). Save it as .xlsx or .csv and try again."
        raise UnreadableFileError(msg)
    if suffix == ".xlsx":
        msg = "This file is called .xlsx, but it is no such workbook."
        raise UnreadableFileError(msg)
    if suffix in _JSONL_SUFFIXES or head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b'{"'):
        return FileFormat.JSONL
    return FileFormat.CSV
