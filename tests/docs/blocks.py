"""The code blocks of the documents.

Every Python block says which file of a module it is, as `python file=shop/models.py`; with `append` behind it, it is added to
the end of that file. Blocks in `sh` are commands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "blocks_in", "documents", "write_modules"]

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One block.

    Attributes:
        document: The document it is in.
        line: Its first line there.
        language: Such as `python`.
        words: What stands behind the language.
        code: What is in it.
    """

    document: Path
    line: int
    language: str
    words: tuple[str, ...]
    code: str

    @property
    def file(self) -> str | None:
        """The file of a module that it is, as `module/file.py`."""
        return next((word.removeprefix("file=") for word in self.words if word.startswith("file=")), None)

    @property
    def appends(self) -> bool:
        """Whether it is added to a file that another block has begun."""
        return "append" in self.words

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    found = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
    assert len(found) > 8
    return found


def blocks_in(document: Path) -> Iterator[Block]:
    text = document.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        yield Block(document, text.count("\n", 0, match.start()) + 1, language, tuple(words), match["code"])


def all_blocks() -> list[Block]:
    return [block for document in documents() for block in blocks_in(document)]


def write_modules(folder: Path) -> dict[str, Path]:
    """Write the modules of all documents below `folder` and return their folders by name."""
    modules: dict[str, Path] = {}
    for block in all_blocks():
        if block.file is None:
            continue
        name, _, _ = block.file.partition("/")
        path = folder / block.file
        if name not in modules:
            modules[name] = folder / name
            modules[name].mkdir(parents=True)
            (modules[name] / "__init__.py").touch()
        path.parent.mkdir(exist_ok=True)
        assert block.appends == path.exists(), (
            f"{block.place}: {block.file} is there twice, or there is nothing to append to"
        )
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n\n" if block.appends else "") + block.code)
    return modules
