"""The table for people."""

from collections.abc import Sequence

from benchmarks.result import Result

__all__ = ["as_table"]

_HEAD = ("name", "ours", "against", "unit", "ratio", "goal", "ok")
_TEXT_COLUMNS = frozenset({0, 3, 5, 6})


def as_table(results: Sequence[Result]) -> str:
    """Return the results as a text table."""
    rows = [_HEAD, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(_pad(row[column], widths[column], column) for column in range(len(_HEAD))) for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _cells(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        _figure(result.ours),
        _figure(result.against),
        result.unit,
        f"{result.ratio:.2f}",
        result.goal.text,
        "yes" if result.ok else "NO",
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 100 else f"{value:.1f}"


def _pad(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column in _TEXT_COLUMNS else cell.rjust(width)
