"""Finding out how the letters of a text file are stored, and saying how sure that is."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from webos.data.transfer.errors import UnreadableFileError
from webos.data.transfer.options import Encoding

__all__ = ["EncodingGuess", "guess_encoding"]

_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, Encoding.UTF_8_SIG),
    (codecs.BOM_UTF16_LE, Encoding.UTF_16),
    (codecs.BOM_UTF16_BE, Encoding.UTF_16),
)
# These stand for nothing in Windows-1252.
_UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\r\n\x0b\x0c\x1a\x1b")
_TOO_MANY_CONTROLS = 0.02


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """An encoding and why it was taken.

    Attributes:
        encoding: The encoding.
        certain: Whether the file itself says so, or could not be read so by chance.
        reason: Why, for people.
    """

    encoding: Encoding
    certain: bool
    reason: str


def guess_encoding(path: Path) -> EncodingGuess:
    """Return the encoding of a text file. All of it is read, in pieces.

    Args:
        path: The file.

    Raises:
        UnreadableFileError: It is not text.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return EncodingGuess(encoding, certain=True, reason="The file begins with the mark of this encoding.")
    if b"\0" in sample:
        return _without_mark(sample)
    if any(byte in _CONTROLS for byte in sample) and _share_of_controls(sample) > _TOO_MANY_CONTROLS:
        raise _not_text()
    ascii_only = _decodes(path, "ascii")
    if ascii_only or _decodes(path, "utf-8"):
        reason = "All letters are plain ones." if ascii_only else "The whole file is valid UTF-8."
        return EncodingGuess(Encoding.UTF_8, certain=True, reason=reason)
    found = Encoding.LATIN_1 if _has_undefined(path) else Encoding.WINDOWS_1252
    reason = "The file is not UTF-8. Please check letters such as ä or é, or name the encoding."
    return EncodingGuess(found, certain=False, reason=reason)


def _without_mark(sample: bytes) -> EncodingGuess:
    """Tell UTF-16 without a mark from what is no text: in it every other byte of common letters is zero."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = max(len(sample) // 2, 1)
    for zeros, others, encoding in ((odd, even, Encoding.UTF_16_LE), (even, odd, Encoding.UTF_16_BE)):
        if zeros / half > 0.4 and others / half < 0.05:  # noqa: PLR2004 - far apart for text, not for other data
            reason = "Every other byte is zero, as in UTF-16 without its mark. Please check the letters."
            return EncodingGuess(encoding, certain=False, reason=reason)
    raise _not_text()


def _share_of_controls(sample: bytes) -> float:
    return sum(byte in _CONTROLS for byte in sample) / len(sample)


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _has_undefined(path: Path) -> bool:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if any(byte in chunk for byte in _UNDEFINED):
                return True
    return False


def _not_text() -> UnreadableFileError:
    return UnreadableFileError("This is no text file. Save the table as CSV, XLSX or JSON Lines and try again.")
