"""The generated parts of the reference: `python -m tests.docs.reference` writes them anew.

A document holds a generated part between `<!-- generated: NAME -->` and `<!-- end -->`.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import typer

import webos
from tests.docs.blocks import documents
from webos import sdk
from webos.cli.main import build_cli
from webos.kernel.errors import WebOSError
from webos.kernel.hooks import HookRelay
from webos.kernel.settings import Settings
from webos.sdk import WebOSHookSpec

__all__ = ["GENERATED", "commands", "error_classes", "hook_names", "renewed"]

_PART = re.compile(r"(?P<start><!-- generated: (?P<name>\w+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
_SPECIFICATION = re.compile(r" \(§[\d.]+ of the specification\)")
# What the SDK hands on from other libraries, in our words.
_FOREIGN = MappingProxyType(
    {
        "BackLink": "Beanie's field for the other side of a link: found by a query, not stored.",
        "CurrentUser": "The type of a route's parameter that is filled in with the signed-in user; visitors get 401.",
        "Indexed": "Beanie's mark for a field with an index: `Annotated[str, Indexed(unique=True)]`.",
        "Link": 'Beanie\'s reference to a document, by name across modules: `Link["inventory.Product"]`.',
        "hookimpl": "Marks a function of a module as the implementation of the hook with the same name.",
    }
)


def hook_names() -> list[str]:
    return HookRelay(WebOSHookSpec).names()


def error_classes() -> list[type[WebOSError]]:
    """Return every error of the framework, by its code."""
    for module in pkgutil.walk_packages(webos.__path__, "webos."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = [error for error in _with_subclasses(WebOSError) if error.__module__.startswith("webos.")]
    return sorted(set(found), key=lambda error: (error.code, error.__name__))


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command of the command line with its full name, groups left out."""
    yield from _commands("webos", typer.main.get_command(build_cli()))


def renewed(text: str) -> str:
    """Return a document with its generated parts as they have to be."""
    return _PART.sub(lambda part: f"{part['start']}{GENERATED[part['name']]()}\n{part['end']}", text)


def _with_subclasses(kind: type[WebOSError]) -> Iterator[type[WebOSError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _with_subclasses(inner)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    # By what it has and not by its class: the command line's library brings a click of its own.
    if hasattr(command, "commands"):
        for inner, found in sorted(command.commands.items()):
            yield from _commands(f"{name} {inner}", found)
    else:
        yield name, command


def _settings() -> str:
    rows = [
        (f"`WEBOS_{name.upper()}`", _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return _table(("Variable", "Default", "Meaning"), rows)


def _default(value: Any) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _errors() -> str:
    rows = [(f"`{error.code}`", str(error.status), f"`{error.__name__}`", _summary(error)) for error in error_classes()]
    return _table(("Code", "Status", "Class", "Meaning"), rows)


def _hooks() -> str:
    rows = []
    for name in hook_names():
        hook = getattr(WebOSHookSpec, name)
        signature = (
            re.sub(r"(?:\w+\.)+(\w+)", r"\1", str(inspect.signature(hook)))
            .replace("(self, ", "(")
            .replace("(self)", "()")
        )
        rows.append((f"`{name}{signature}`".replace("|", "\\|"), _summary(hook)))
    return _table(("Hook", "What it is for"), rows)


def _sdk() -> str:
    rows = [(f"`{name}`", _FOREIGN.get(name) or _summary(getattr(sdk, name))) for name in sdk.__all__]
    return _table(("Name", "What it is"), rows)


def _commands_part() -> str:
    parts = []
    for name, command in commands():
        lines = [f"### `{name}`", "", _sentence(command.help or "")]
        rows = [(f"`{_spelling(parameter)}`", getattr(parameter, "help", "") or "") for parameter in command.params]
        rows = [row for row in rows if row[0] != "`--help`"]
        if rows:
            lines += ["", _table(("Argument", "Meaning"), rows)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = (parameter.metavar or parameter.name or "").upper()
        return f"{name} ..." if parameter.nargs == -1 else name
    value = "" if getattr(parameter, "is_flag", False) else f" {(parameter.name or '').upper()}"
    return f"{parameter.opts[0]}{value}"


def _summary(thing: object) -> str:
    text = inspect.getdoc(thing) or ""
    assert text, f"{thing} has no docstring"
    return _sentence(text)


def _sentence(text: str) -> str:
    """Return the first paragraph, without references to the specification."""
    return _SPECIFICATION.sub("", " ".join(text.split("\n\n", maxsplit=1)[0].split()))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


GENERATED: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"settings": _settings, "errors": _errors, "hooks": _hooks, "sdk": _sdk, "commands": _commands_part}
)


def main() -> None:
    """Renew the generated parts of all documents."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        if renewed(text) != text:
            Path(path).write_text(renewed(text), encoding="utf-8")
            print(f"renewed {path}")  # noqa: T201 - for the person at the terminal


if __name__ == "__main__":
    main()
