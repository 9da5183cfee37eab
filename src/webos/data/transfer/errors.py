"""Errors of files: one that cannot be read as a table, and a disk that takes no more."""

import errno

from webos.kernel.errors import InvalidInputError, UnavailableError

__all__ = ["UnreadableFileError", "full_disk"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class UnreadableFileError(InvalidInputError):
    """The file is not the table it claims to be, or is made to do harm; the message says what is wrong with it."""

    code = "webos.unreadable_file"
    title = "This file cannot be read"


def full_disk(error: OSError) -> Exception:
    """Return the error for a disk without room; any other error of a file as it is."""
    if error.errno not in _FULL:
        return error
    text = "The disk of the server is full. Make room and try again."
    return UnavailableError("no space left for the files of imports", user_message=text)
