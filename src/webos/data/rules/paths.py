"""What a dotted path leads to in a document, as MongoDB's filters walk it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bson import DBRef

from webos.data.rules.values import MISSING

__all__ = ["leaves"]


def leaves(document: Mapping[str, Any], path: Sequence[str]) -> Iterator[Any]:
    """Yield the values at `path`.

    A list at the end gives its elements and then itself. A list on the way is walked into, but gives nothing for
    what is no document; a document without the field gives `MISSING`.

    Args:
        document: A document as it is stored.
        path: The parts of the path.
    """
    head, *rest = path
    value = document.get(head, MISSING)
    if isinstance(value, DBRef):
        value = value.as_doc()
    if not rest:
        if isinstance(value, (list, tuple)):
            yield from value
        yield value
    elif isinstance(value, Mapping):
        yield from leaves(value, rest)
    elif isinstance(value, (list, tuple)):
        for each in value:
            inner = each.as_doc() if isinstance(each, DBRef) else each
            if isinstance(inner, Mapping):
                yield from leaves(inner, rest)
    else:
        yield MISSING
