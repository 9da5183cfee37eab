"""Documents one behind the other, as BSON has them: each begins with its length."""

from collections.abc import Iterator

from webos.data.backup.errors import BackupDamagedError

__all__ = ["count_documents", "cut_documents"]

_LENGTH_BYTES = 4
_SMALLEST = 5
_LARGEST = 48 * 1024 * 1024


def count_documents(batch: bytes) -> int:
    """Return how many whole documents there are in `batch`.

    Raises:
        BackupDamagedError: There is something else.
    """
    documents, rest = 0, 0
    for document in cut_documents(batch):
        documents, rest = documents + 1, rest + len(document)
    if rest != len(batch):
        msg = "The documents are not whole."
        raise BackupDamagedError(msg)
    return documents


def cut_documents(data: bytes) -> Iterator[memoryview]:
    """Yield the whole documents at the beginning of `data`, without copying.

    Raises:
        BackupDamagedError: A length is impossible.
    """
    view, at = memoryview(data), 0
    while at + _LENGTH_BYTES <= len(view):
        length = int.from_bytes(view[at : at + _LENGTH_BYTES], "little")
        if not _SMALLEST <= length <= _LARGEST:
            msg = "A document has an impossible length."
            raise BackupDamagedError(msg)
        if at + length > len(view):
            return
        yield view[at : at + length]
        at += length
