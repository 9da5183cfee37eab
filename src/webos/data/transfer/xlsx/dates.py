"""Which number formats of a workbook are dates, and what date a number is."""

import re
from datetime import datetime, timedelta

from webos.data.transfer.xlsx.package import Attributes, Package, parse_events

__all__ = ["date_styles", "to_datetime"]

_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
# What is in quotes, in brackets or behind a backslash is no code; `[h]` counts hours and is one.
_NO_CODE = re.compile(r'"[^"]*"|\[(?!h+\]|m+\]|s+\])[^\]]*\]|\\.|_.|\*.', re.IGNORECASE)
_CODES = re.compile(r"[dmyhs]", re.IGNORECASE)
_LAST = 2_958_466
# 1900 was no leap year, though workbooks say so; before March of it they are a day behind.
_FALSE_LEAP_DAY = 60


def date_styles(package: Package, name: str | None) -> frozenset[int]:
    """Return the numbers of the cell styles that show a date or a time.

    Args:
        package: The workbook.
        name: Name of the part with the styles; None where there is none.
    """
    formats: dict[int, bool] = {}
    styles: list[int] = []
    inside = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal inside
        if tag == "cellXfs":
            inside = True
        elif tag == "numFmt":
            code = _NO_CODE.sub("", attributes.get("formatCode", ""))
            formats[_number(attributes.get("numFmtId"))] = bool(_CODES.search(code)) and "general" not in code.lower()
        elif tag == "xf" and inside:
            styles.append(_number(attributes.get("numFmtId")))

    def end(tag: str) -> None:
        nonlocal inside
        inside = inside and tag != "cellXfs"

    if name is not None and package.has(name):
        for _ in parse_events(package.open(name), start, end):
            pass
    return frozenset(at for at, style in enumerate(styles) if formats.get(style, style in _BUILT_IN))


def to_datetime(serial: float, *, since_1904: bool) -> datetime | None:
    """Return the time that a number means, to the millisecond and without a zone; None where it means none."""
    if not 0 <= serial < _LAST:
        return None
    days = serial + 1 if not since_1904 and serial < _FALSE_LEAP_DAY else serial
    milliseconds = round(days * 86_400_000)
    # Times in a workbook have no zone.
    beginning = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - see above
    return beginning + timedelta(milliseconds=milliseconds)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
