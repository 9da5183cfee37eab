"""Aggregations as the guard sees them: known stages only, and the rules of each collection they read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webos.data.guard.queries import merge_filter, restriction, scan_for_code
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy

__all__ = ["guard_pipeline"]

PolicyLookup = Callable[[str], CollectionPolicy]

_PLAIN_STAGES = frozenset(
    {
        "$match", "$project", "$set", "$addFields", "$unset", "$group", "$sort", "$limit", "$skip", "$count",
        "$unwind", "$sortByCount", "$bucket", "$bucketAuto", "$sample", "$replaceRoot", "$replaceWith",
        "$setWindowFields", "$densify", "$fill", "$redact",
    }
)  # fmt: skip


def guard_pipeline(
    policy: CollectionPolicy, pipeline: Sequence[Mapping[str, Any]], policies: PolicyLookup
) -> list[dict[str, Any]]:
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
    return [{"$match": rules}, *stages]


def _guard_stages(pipeline: Sequence[Mapping[str, Any]], policies: PolicyLookup) -> list[dict[str, Any]]:
    return [_guard_stage(stage, policies) for stage in pipeline]


def _guard_stage(stage: Mapping[str, Any], policies: PolicyLookup) -> dict[str, Any]:
    if len(stage) != 1:
        msg = "a pipeline stage has exactly one name"
        raise GuardRefusalError(msg)
    name, body = next(iter(stage.items()))
    if name in _PLAIN_STAGES:
        return {name: body}
    if name == "$facet":
        return {name: {key: _guard_stages(inner, policies) for key, inner in body.items()}}
    if name == "$lookup":
        return {name: _guard_lookup(body, policies)}
    if name == "$graphLookup":
        rules = restriction(policies(body["from"]))
        return {name: {**body, "restrictSearchWithMatch": merge_filter(body.get("restrictSearchWithMatch"), rules)}}
    if name == "$unionWith":
        body = {"coll": body} if isinstance(body, str) else body
        if "coll" not in body:
            msg = "$unionWith must name a collection"
            raise GuardRefusalError(msg)
        inner = guard_pipeline(policies(body["coll"]), body.get("pipeline", ()), policies)
        return {name: {**body, "pipeline": inner}}
    msg = f"the stage {name} is not allowed"
    raise GuardRefusalError(msg)


def _guard_lookup(body: Mapping[str, Any], policies: PolicyLookup) -> dict[str, Any]:
    if "from" not in body:
        msg = "$lookup must name a collection"
        raise GuardRefusalError(msg)
    return {**body, "pipeline": guard_pipeline(policies(body["from"]), body.get("pipeline", ()), policies)}
