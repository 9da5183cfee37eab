"""One module from many: browsers fetch a single file instead of a dozen."""

import re
from collections.abc import Mapping

__all__ = ["bundle_modules"]

_IMPORT = re.compile(r'^import \{ ([\w$, ]+) \} from "webos/([\w-]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (const|let|function|async function|class) ([\w$]+)", re.MULTILINE)


def bundle_modules(sources: Mapping[str, str]) -> str:
    """Return a module that exports what all `sources` export, each in a scope of its own.

    The modules keep to a part of the language: they import each other by `import { a, b } from "webos/name";` on one
    line, and export declarations by name.

    Args:
        sources: The modules' texts by name.

    Raises:
        ValueError: A module imports or exports otherwise, two export the same name, or they import each other in a circle.
    """
    parts: list[str] = []
    done: dict[str, list[str]] = {}
    for name in sorted(sources):
        _add(name, sources, done, parts, ())
    names = [exported for exports in done.values() for exported in exports]
    if len(names) != len(set(names)):
        twice = sorted({name for name in names if names.count(name) > 1})
        msg = f"more than one module exports {', '.join(twice)}"
        raise ValueError(msg)
    return "\n".join(parts)


def _add(
    name: str, sources: Mapping[str, str], done: dict[str, list[str]], parts: list[str], path: tuple[str, ...]
) -> None:
    if name in done:
        return
    if name in path:
        msg = f"modules import each other: {' > '.join((*path, name))}"
        raise ValueError(msg)
    text = sources[name]
    for _, other in _IMPORT.findall(text):
        _add(other, sources, done, parts, (*path, name))
    exports = [exported for _, exported in _EXPORT.findall(text)]
    body = _IMPORT.sub(lambda found: f"const {{ {found[1]} }} = {_variable(found[2])};", text)
    body = _EXPORT.sub(lambda found: f"{found[1]} {found[2]}", body)
    if re.search(r"^(import|export)\b", body, re.MULTILINE):
        msg = f"{name}.js imports or exports in a way the bundle does not know"
        raise ValueError(msg)
    listed = ", ".join(exports)
    parts.append(f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {listed} }};\n}})();")
    parts.append(f"export const {{ {listed} }} = {_variable(name)};")
    done[name] = exports


def _variable(name: str) -> str:
    return f"${name.replace('-', '_')}"
