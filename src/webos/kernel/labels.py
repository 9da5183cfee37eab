"""Names of fields, as people read them."""

import re

__all__ = ["label_of", "plural_of"]

_ABBREVIATIONS = frozenset(
    {"id", "url", "sku", "api", "ip", "uuid", "vat", "iban", "html", "pdf", "csv", "xml", "json"}
)

_SAME_IN_PLURAL = frozenset({"equipment", "information", "series", "species", "staff", "news", "settings"})
_IRREGULAR = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "analysis": "analyses",
    "basis": "bases", "crisis": "crises", "index": "indices", "criterion": "criteria", "datum": "data",
}  # fmt: skip


def label_of(name: str) -> str:
    """Return a field's name as words: `unit_price` becomes `Unit price`, `sku` becomes `SKU`.

    Args:
        name: Name in Python's or in camel case.
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.replace("_", " ").replace("-", " ")).strip()
    words = [word.upper() if word.lower() in _ABBREVIATIONS else word.lower() for word in spaced.split()]
    if not words:
        return name
    first = words[0]
    return " ".join([first if first.isupper() else first[0].upper() + first[1:], *words[1:]])


def plural_of(name: str) -> str:
    """Return what several of something are called: `entry` becomes `entries`, `box` becomes `boxes`.

    Args:
        name: Its English name in the singular; only its last word is changed.
    """
    head, last = name[: name.rfind(" ") + 1], name[name.rfind(" ") + 1 :]
    lower = last.lower()
    if lower in _SAME_IN_PLURAL or not last:
        return name
    if lower in _IRREGULAR:
        plural = _IRREGULAR[lower]
        return head + (plural[0].upper() + plural[1:] if last[0].isupper() else plural)
    if last.isupper():
        return f"{name}s"
    if lower.endswith("y") and lower[-2:-1] not in {*"aeiou", ""}:
        return f"{name[:-1]}ies"
    return f"{name}es" if lower.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"
