"""Aggregations as the guard sees them: known stages only, and the rules of each collection they read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webos.data.guard.queries import merge_filter, restriction, scan_for_code
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy

__all__ = ["guard_pipeline"]

PolicyLookup = Callable[[str], CollectionPolicy]
Stage = Mapping[str, Any]

_PLAIN_STAGES = frozenset(
    {
        "$project", "$set", "$addFields", "$unset", "$group", "$sort", "$limit", "$skip", "$count",
        "$unwind", "$sortByCount", "$bucket", "$bucketAuto", "$sample", "$replaceRoot", "$replaceWith",
        "$setWindowFields", "$densify", "$fill", "$redact",
    }
)  # fmt: skip


def guard_pipeline(policy: CollectionPolicy, pipeline: Sequence[Stage], policies: PolicyLookup) -> list[dict[str, Any]]:
    """Return `pipeline` restricted to what the acting user may see, in every collection it reads.

    Args:
        policy: Rules of the collection it starts from.
        pipeline: The stages.
        policies: Gives the rules of another collection, and refuses unknown ones.

    Raises:
        GuardRefusalError: A stage is not on the list of allowed ones.
    """
    scan_for_code(pipeline)
    stages = _guard_stages(pipeline, policies)
    rules = restriction(policy)
    if stages and "$match" in stages[0]:
        return [{"$match": merge_filter(stages[0]["$match"], rules)}, *stages[1:]]
    return [{"$match": merge_filter(_early_conditions(stages), rules)}, *stages]


def _guard_stages(pipeline: Sequence[Stage], policies: PolicyLookup) -> list[dict[str, Any]]:
    return [_guard_stage(stage, policies) for stage in pipeline]


def _guard_stage(stage: Stage, policies: PolicyLookup) -> dict[str, Any]:
    if len(stage) != 1:
        msg = "a pipeline stage has exactly one name"
        raise GuardRefusalError(msg)
    name, body = next(iter(stage.items()))
    if name in _PLAIN_STAGES:
        return {name: body}
    if name == "$match":
        return {name: merge_filter(body, {})}
    if name == "$facet":
        return {name: {key: _guard_stages(inner, policies) for key, inner in body.items()}}
    if name == "$lookup":
        return {name: _guard_lookup(body, policies)}
    if name == "$graphLookup":
        rules = restriction(policies(_collection(name, body, "from")))
        return {name: {**body, "restrictSearchWithMatch": merge_filter(body.get("restrictSearchWithMatch"), rules)}}
    if name == "$unionWith":
        body = {"coll": body} if isinstance(body, str) else body
        inner = guard_pipeline(policies(_collection(name, body, "coll")), body.get("pipeline", ()), policies)
        return {name: {**body, "pipeline": inner}}
    msg = f"the stage {name} is not allowed"
    raise GuardRefusalError(msg)


def _guard_lookup(body: Stage, policies: PolicyLookup) -> dict[str, Any]:
    policy = policies(_collection("$lookup", body, "from"))
    return {**body, "pipeline": guard_pipeline(policy, body.get("pipeline", ()), policies)}


def _collection(stage: str, body: Stage, key: str) -> str:
    """Return the collection a stage reads; one of another database is named by a mapping, and refused."""
    name = body.get(key)
    if not isinstance(name, str):
        msg = f"{stage} must name a collection"
        raise GuardRefusalError(msg)
    return name


def _early_conditions(stages: Sequence[Stage]) -> dict[str, Any]:
    """Return the conditions of a later `$match` that can be asked before the links are looked up.

    Beanie looks up the links of all documents and then takes those it was asked for. Conditions on fields that the
    stages before do not write hold as well at the beginning, where an index serves them.
    """
    written: set[str] = set()
    for stage in stages:
        name, body = next(iter(stage.items()))
        if name == "$match":
            return {key: value for key, value in body.items() if key[0] != "$" and key.partition(".")[0] not in written}
        if name == "$lookup":
            written.add(str(body["as"]).partition(".")[0])
        elif name in {"$addFields", "$set"}:
            written.update(key.partition(".")[0] for key in body)
        elif name == "$unwind":
            path, index = (body, "") if isinstance(body, str) else (body["path"], body.get("includeArrayIndex") or "")
            written.update((path[1:].partition(".")[0], index.partition(".")[0]))
        elif name == "$project" and not any(body.values()):
            written.update(key.partition(".")[0] for key in body)
        else:
            return {}
    return {}
