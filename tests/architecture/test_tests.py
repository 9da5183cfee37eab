"""What every test owes to who reads it."""

import ast
from collections.abc import Iterator

from tests.architecture.sources import ROOT, parse, python_files

_TESTS = ROOT / "tests"


def _test_functions() -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {
        f"{path.relative_to(ROOT)}::{node.name}": node
        for path in python_files(_TESTS)
        if path.name.startswith("test_")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_test_says_what_it_shows() -> None:
    """Each test function has a docstring that begins with a sentence."""
    functions = _test_functions()
    assert len(functions) > 100
    silent = [
        name
        for name, function in functions.items()
        if not (text := ast.get_docstring(function)) or not text.split("\n\n")[0].rstrip().endswith((".", "?"))
    ]

    assert silent == []


def test_no_test_sleeps() -> None:
    """No test waits for a fixed time of a tenth of a second or more; it waits for a condition with a deadline."""
    assert [name for name, function in _test_functions().items() if any(map(_is_long_sleep, _own_code(function)))] == []


def _own_code(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the code that a function runs itself, without the functions it defines: those stand for slow work."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own_code(child)


def _is_long_sleep(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in {"time.sleep", "asyncio.sleep", "sleep"}:
        return False
    seconds = node.args[0] if node.args else None
    return isinstance(seconds, ast.Constant) and isinstance(seconds.value, int | float) and seconds.value >= 0.1


def test_nothing_is_skipped_without_a_reason() -> None:
    """Every skip and every expected failure names its reason."""
    found = []
    for path in python_files(_TESTS):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                reasoned = any(keyword.arg == "reason" for keyword in node.keywords) or (
                    name == "pytest.skip" and node.args
                )
                if name in {"pytest.mark.skip", "pytest.mark.xfail", "pytest.skip"} and not reasoned:
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")

    assert found == []
