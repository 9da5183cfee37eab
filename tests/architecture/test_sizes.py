"""How big files may be."""

from tests.architecture.sources import SOURCE, python_files

_MOST_LINES = 300


def test_no_file_is_too_long() -> None:
    """No Python file of the product has more than 300 lines: one that grows holds more than one concept."""
    lengths = {
        path.relative_to(SOURCE): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(SOURCE)
    }

    assert {str(path): length for path, length in lengths.items() if length > _MOST_LINES} == {}
