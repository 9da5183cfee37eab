"""JSON Lines as tables: one object a line, its keys are the columns."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from webos.data.transfer.errors import UnreadableFileError
from webos.data.transfer.source import ABSENT, SourceRow, checked_header

__all__ = ["JsonLinesSource"]

_SAMPLE_LINES = 1000
_LONGEST_LINE = 20 * 1024 * 1024
_MARK = b"\xef\xbb\xbf"


class JsonLinesSource:
    """A file of JSON Lines.

    Its columns are the keys of the first 1,000 lines. A key that turns up later makes its row fail.

    Args:
        path: The file.

    Raises:
        UnreadableFileError: There is no object in it.

    Attributes:
        columns: The keys.
        plain: That cells are more than text.
        empties: What stands for an empty cell.
    """

    plain = False
    empties: frozenset[str | None] = frozenset({None})

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = max(path.stat().st_size, 1)
        keys: dict[str, None] = {}
        for count, (_, _, line) in enumerate(self._lines()):
            if count == _SAMPLE_LINES:
                break
            try:
                found = _parsed(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                keys.update(dict.fromkeys(found))
        if not keys:
            msg = "No line of this file is a JSON object."
            raise UnreadableFileError(msg)
        self._keys = list(keys)
        self.columns = checked_header(self._keys)

    def describe(self) -> dict[str, str | bool]:
        """Return the encoding, which is always the same."""
        return {"encoding": "utf-8", "encoding_certain": True, "encoding_reason": "JSON Lines are UTF-8."}

    def rows(self) -> Iterator[SourceRow]:
        """Yield the rows.

        Raises:
            UnreadableFileError: A line is endless.
        """
        keys = self._keys
        known = set(keys)
        nothing: list[Any] = [ABSENT] * len(keys)
        for number, end, line in self._lines():
            read = end / self._size
            try:
                found = _parsed(line)
            except (ValueError, RecursionError):
                yield SourceRow(number, nothing, "This line is not valid JSON.", read)
                continue
            if not isinstance(found, dict):
                yield SourceRow(number, nothing, "This line is no JSON object.", read)
                continue
            more = found.keys() - known
            problem = f"There is no column “{min(more)[:80]}” in the first lines." if more else ""
            yield SourceRow(number, [found.get(key, ABSENT) for key in keys], problem, read)

    def _lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield number, end and bytes of each line that is not blank."""
        end = 0
        with self._path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE):
                if len(line) >= _LONGEST_LINE:
                    msg = f"A line has more than {_LONGEST_LINE:,} bytes."
                    raise UnreadableFileError(msg)
                number += 1
                end += len(line)
                stripped = (line.removeprefix(_MARK) if number == 1 else line).strip()
                if stripped:
                    yield number, end, stripped


def _parsed(line: bytes) -> Any:  # noqa: ANN401 - any JSON
    # Exact: a price of 0.1 must not become the nearest binary fraction.
    return json.loads(line, parse_float=Decimal)
