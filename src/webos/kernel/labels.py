"""Names of fields, as people read them."""

import re

__all__ = ["label_of"]

_ABBREVIATIONS = frozenset(
    {"id", "url", "sku", "api", "ip", "uuid", "vat", "iban", "html", "pdf", "csv", "xml", "json"}
)


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
