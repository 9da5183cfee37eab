"""The files that the architecture tests look at."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ROOT", "SOURCE", "parse", "python_files", "tracked_files"]

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


def python_files(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found, f"there is nothing to look at in {folder}"
    return found


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=str(path))


def tracked_files() -> Iterator[Path]:
    """Yield what is, or would be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - git of this clone
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            yield ROOT / name
