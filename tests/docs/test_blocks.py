"""What stands in the code blocks of the documents is true."""

import re
import shlex
from collections.abc import Iterator

import pytest

from tests.docs.blocks import ROOT, Block, all_blocks
from tests.docs.reference import commands
from webos.kernel.settings import Settings

_LANGUAGES = {"json", "python", "sh", "text", ""}
_TARGET = re.compile(r"^(\w+):", re.MULTILINE)


def _named(block: Block) -> str:
    return block.place


def _shell_lines() -> Iterator[tuple[Block, list[str]]]:
    for block in all_blocks():
        if block.language == "sh":
            for line in block.code.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words:
                    yield block, words


@pytest.mark.parametrize("block", all_blocks(), ids=_named)
def test_every_block_is_of_a_known_kind(block: Block) -> None:
    """A block names its language, and a Python block its file, so that none escapes the tests."""
    assert block.language in _LANGUAGES - {""}
    if block.language == "python":
        assert block.file is not None


def test_shell_commands_exist() -> None:
    """Each `webos` and `make` command in the documents exists with the options it is shown with."""
    known = dict(commands())
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    seen = 0
    for block, words in _shell_lines():
        program, *rest = words
        if program.endswith("webos"):
            name = next((name for name in known if ["webos", *rest][: len(name.split())] == name.split()), None)
            assert name is not None, f"{block.place}: there is no command {' '.join(words)}"
            options = {option for parameter in known[name].params for option in parameter.opts}
            assert {word for word in rest if word.startswith("--")} <= options, f"{block.place}: {' '.join(words)}"
            seen += 1
        elif program == "make":
            assert {word for word in rest if "=" not in word} <= targets, f"{block.place}: {' '.join(words)}"
            seen += 1
        else:
            assert program in {"cd", "curl", "export", "git", "mkdir", "touch"}, f"{block.place}: {program}"
    assert seen > 10


def test_variables_exist() -> None:
    """Each `WEBOS_` variable that a document names is a setting."""
    known = {f"WEBOS_{name.upper()}" for name in Settings.model_fields}
    for path in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        named = set(re.findall(r"WEBOS_[A-Z_]+", path.read_text(encoding="utf-8")))
        assert named <= known, path.name
