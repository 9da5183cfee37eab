"""The error for a file that cannot be read as a table."""

from webos.kernel.errors import InvalidInputError

__all__ = ["UnreadableFileError"]


class UnreadableFileError(InvalidInputError):
    """The file is not the table it claims to be, or is made to do harm; the message says what is wrong with it."""

    code = "webos.unreadable_file"
    title = "This file cannot be read"
