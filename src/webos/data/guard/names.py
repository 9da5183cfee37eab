"""Which fields of a document a filter, an expression, a sort or an update names."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from webos.data.guard.queries import plain_key

__all__ = ["WHOLE", "expression_names", "filter_names", "listed_names", "stage_names", "update_names"]

WHOLE: Final = "the whole document"
"""Stands where it cannot be told which fields are read."""

_LOGICAL = frozenset({"$and", "$or", "$nor"})
_WHOLE = frozenset({"$jsonSchema", "$text"})
_DOCUMENTS = frozenset({"ROOT", "CURRENT"})
_GROUPING = frozenset({"$group", "$sortByCount", "$bucket", "$bucketAuto", "$project"})
_RESHAPING = _GROUPING | {
    "$replaceRoot",
    "$replaceWith",
    "$count",
    "$unionWith",
    "$facet",
    "$setWindowFields",
    "$densify",
}
_MAKING = frozenset({"$set", "$addFields"})
_JOINING = frozenset({"$lookup", "$graphLookup"})
_NO_EXPRESSIONS = frozenset({"$literal", "$meta"})


def filter_names(query: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the top-level fields that a filter asks for; `WHOLE` where it may ask for any."""
    for written, value in (query or {}).items():
        key = plain_key(written)
        if key in _LOGICAL:
            for part in value if isinstance(value, (list, tuple)) else ():
                if isinstance(part, Mapping):
                    yield from filter_names(part)
        elif key == "$expr":
            yield from expression_names(value)
        elif key in _WHOLE:
            yield WHOLE
        elif key[:1] != "$":
            yield key.partition(".")[0]
            yield from _inside(value)


def expression_names(expression: Any) -> Iterator[str]:  # noqa: ANN401 - any expression
    """Yield the top-level fields that an expression of an aggregation reads; `WHOLE` where it may read any."""
    if isinstance(expression, str):
        yield from _path_names(str.__str__(expression))
    elif isinstance(expression, Mapping):
        for written, value in expression.items():
            key = plain_key(written)
            if key == "$getField":
                yield from _got_names(value)
            elif key not in _NO_EXPRESSIONS:
                yield from expression_names(value)
    elif isinstance(expression, (list, tuple)):
        for each in expression:
            yield from expression_names(each)


def listed_names(keys: object) -> Iterator[str]:
    """Yield the top-level fields of a sort, of index keys, or of a key alone."""
    if keys is None:
        return
    if isinstance(keys, str):
        yield str.__str__(keys).partition(".")[0]
    elif isinstance(keys, Mapping):
        for key, value in keys.items():
            yield plain_key(key).partition(".")[0]
            yield from expression_names(value)
    elif isinstance(keys, Iterable):
        for each in keys:
            name = each if isinstance(each, str) else next(iter(each), "") if isinstance(each, Iterable) else ""
            yield str.__str__(name).partition(".")[0] if isinstance(name, str) else WHOLE


def stage_names(stages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the top-level fields that the stages of a pipeline ask for, as long as these are those of the collection.

    It is there to say early what is not possible: what the stages behind the first one see has no hidden fields.
    The first `$match` alone is asked before they are taken out; there is no doubt about what it names.
    """
    made: set[str] = set()
    for stage in stages:
        name, body = next(iter(stage.items()))
        named: Iterator[str] = iter(())
        if name == "$match" and isinstance(body, Mapping):
            named = filter_names(body)
        elif name == "$sort":
            named = listed_names(body)
        elif name in _GROUPING:
            named = (each for each in expression_names(body) if each is not WHOLE)
        yield from (each for each in named if each not in made)
        if name in _RESHAPING:
            return
        if name in _MAKING and isinstance(body, Mapping):
            made.update(plain_key(key).partition(".")[0] for key in body)
        elif name in _JOINING and isinstance(body, Mapping):
            made.add(str(body.get("as")).partition(".")[0])


def update_names(update: object) -> tuple[set[str], set[str]]:
    """Return the top-level fields that an update writes, and those that its expressions read."""
    written: set[str] = set()
    read: set[str] = set()
    if isinstance(update, Mapping):
        for operator, fields in update.items():
            if isinstance(fields, Mapping):
                written.update(plain_key(name).partition(".")[0] for name in fields)
                if operator == "$rename":
                    written.update(str(name).partition(".")[0] for name in fields.values())
    elif isinstance(update, (list, tuple)):
        for stage in update:
            for fields in stage.values() if isinstance(stage, Mapping) else ():
                if isinstance(fields, Mapping):
                    written.update(plain_key(name).partition(".")[0] for name in fields)
                    read.update(expression_names(list(fields.values())))
                else:
                    written.update(listed_names(fields))
    return written, read


def _path_names(text: str) -> Iterator[str]:
    if text.startswith("$$"):
        head, _, rest = text[2:].partition(".")
        if head in _DOCUMENTS:
            yield rest.partition(".")[0] or WHOLE
    elif text.startswith("$"):
        yield text[1:].partition(".")[0]


def _got_names(value: Any) -> Iterator[str]:  # noqa: ANN401 - any expression
    """Yield what `$getField` gets: a name that is only computed may be any."""
    field, source = (value.get("field"), value.get("input")) if isinstance(value, Mapping) else (value, None)
    if isinstance(field, Mapping) and set(field) == {"$literal"}:
        field = field["$literal"]
        yield str(field) if isinstance(field, str) else WHOLE
    else:
        yield field if isinstance(field, str) and field[:1] != "$" else WHOLE
    yield from expression_names(source)


def _inside(value: Any) -> Iterator[str]:  # noqa: ANN401 - any condition
    """Yield what a condition of one field asks of others, which servers may or may not allow."""
    if isinstance(value, Mapping):
        for written, inner in value.items():
            key = plain_key(written)
            if key == "$expr":
                yield from expression_names(inner)
            elif key in _WHOLE:
                yield WHOLE
            else:
                yield from _inside(inner)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _inside(each)
