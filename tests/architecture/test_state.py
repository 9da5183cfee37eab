"""No state at module level: two applications in one process must not know of each other."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.sources import SOURCE, parse, python_files

# What may be called to make a value at module level, because nothing can change in the value.
UNCHANGING = {
    "ActingUser": "has no attributes of its own",
    "CacheOfCaller": "has no attributes",
    "CodecOptions": "immutable",
    "ContextVar": "holds a value for each context, not for the process",
    "MappingProxyType": "read-only",
    "ModuleManifest": "a frozen model",
    "Path": "immutable",
    "Principal": "a frozen dataclass",
    "Rule": "never changed once made",
    "RuleSet": "never changed once made",
    "TypeVar": "a type",
    "_Limit": "a frozen dataclass",
    "_Missing": "has no attributes",
    "_Nobody": "has no attributes",
    "dt.timedelta": "immutable",
    "frozenset": "immutable",
    "ipaddress.ip_address": "immutable",
    "pluggy.HookimplMarker": "marks functions, keeps none",
    "pluggy.HookspecMarker": "marks functions, keeps none",
    "range": "immutable",
    "re.compile": "immutable",
    "timedelta": "immutable",
}
_DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
_READ_ONLY = ("Mapping", "Sequence", "ClassVar[Mapping", "ClassVar[Sequence", "Collection")
_CHANGES = frozenset(
    [
        "add",
        "append",
        "clear",
        "difference_update",
        "discard",
        "extend",
        "insert",
        "intersection_update",
        "pop",
        "popitem",
        "remove",
        "reverse",
        "setdefault",
        "sort",
        "symmetric_difference_update",
        "update",
    ]
)


def state_of(tree: ast.Module) -> Iterator[str]:
    """Yield what is wrong in a file, each with its line."""
    tables: set[str] = set()
    for statement in tree.body:
        yield from _binding(statement, tables)
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"{node.lineno}: global {', '.join(node.names)}"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _memory(node)
            for inner in ast.walk(node):
                yield from _change(inner, tables)
        elif isinstance(node, ast.ClassDef):
            yield from _shared_by_instances(node)


def _binding(statement: ast.stmt, tables: set[str]) -> Iterator[str]:
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
    name, value = ast.unparse(target), statement.value
    if name == "__all__":
        return
    if isinstance(value, _DISPLAYS):
        if name != name.upper():
            yield f"{statement.lineno}: {name} can be changed; name it as the constant it is"
        tables.add(name)
    if isinstance(value, ast.Call) and ast.unparse(value.func) not in UNCHANGING:
        yield f"{statement.lineno}: {name} is made by {ast.unparse(value.func)}()"


def _memory(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        if ast.unparse(decorator).split("(")[0].split(".")[-1] in {"cache", "lru_cache"}:
            yield f"{function.lineno}: {function.name} remembers results for the whole process"


def _shared_by_instances(kind: ast.ClassDef) -> Iterator[str]:
    for statement in kind.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, _DISPLAYS):
            annotation = ast.unparse(statement.annotation) if isinstance(statement, ast.AnnAssign) else ""
            if not annotation.startswith(_READ_ONLY):
                yield f"{statement.lineno}: {kind.name} shares a value that can be changed"


def _change(node: ast.AST, tables: set[str]) -> Iterator[str]:
    changed: ast.expr | None = None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        changed = node.value
    elif isinstance(node, ast.AugAssign):
        changed = node.target
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
        changed = node.func.value
    if isinstance(changed, ast.Name) and changed.id in tables:
        yield f"{changed.lineno}: {changed.id} is changed"


@pytest.mark.parametrize(
    "code",
    [
        "seen = {}",
        "_cache: dict[str, int] = {}",
        "QUEUE = deque()",
        "LOCK = asyncio.Lock()",
        "TABLE = {}\ndef f(): TABLE['a'] = 1",
        "TABLE = []\ndef f(): TABLE.append(1)",
        "TABLE = {1}\ndef f():\n    global TABLE\n    TABLE = {2}",
        "@functools.lru_cache(maxsize=None)\ndef f(): ...",
        "class A:\n    known = []",
    ],
)
def test_state_is_found(code: str) -> None:
    """The check itself finds each way to keep state at module level."""
    assert list(state_of(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "NAMES = ('a', 'b')",
        "_TABLE = {'a': str.upper}",
        "_TABLE = {'a': 1}\n_TABLE |= {'b': 2}",
        "__all__ = ['a']",
        "class A:\n    known: Mapping[str, int] = {}",
        "def f():\n    seen = {}\n    seen['a'] = 1",
    ],
)
def test_constants_are_no_state(code: str) -> None:
    """The check itself lets constants and local values pass."""
    assert list(state_of(ast.parse(code))) == []


def test_no_state_at_module_level() -> None:
    """No file of the framework keeps state outside of an object that an application owns."""
    found = {
        str(path.relative_to(SOURCE)): wrong
        for path in python_files(SOURCE / "webos")
        if (wrong := list(state_of(parse(path))))
    }

    assert found == {}
