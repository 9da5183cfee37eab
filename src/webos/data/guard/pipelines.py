"""Aggregations as the guard sees them: known stages only, and the rules of each collection they read."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from webos.data.guard.fields import field_rights
from webos.data.guard.joined import NotExpressibleError, as_expression
from webos.data.guard.names import filter_names, listed_names, stage_names
from webos.data.guard.queries import merge_filter, restriction, scan_for_code
from webos.data.guard.refusal import GuardRefusalError
from webos.data.policy import CollectionPolicy
from webos.data.secret.reads import mask_joined, mask_stages, refuse_conditions, refuse_keys

__all__ = ["PipelineRules", "guard_pipeline"]

Stage = Mapping[str, Any]

_PLAIN_STAGES = frozenset(
    {
        "$project", "$set", "$addFields", "$unset", "$group", "$sort", "$limit", "$skip", "$count",
        "$unwind", "$sortByCount", "$bucket", "$bucketAuto", "$sample", "$replaceRoot", "$replaceWith",
        "$setWindowFields", "$densify", "$fill", "$redact",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PipelineRules:
    """What pipelines are guarded by.

    Attributes:
        policies: Gives the rules of a collection, and refuses unknown ones.
        filter_joined: Whether joined documents are filtered after they were looked up, and not while: on a server
            that reads a whole collection for each `$lookup` with a pipeline.
    """

    policies: Callable[[str], CollectionPolicy]
    filter_joined: bool = False


def guard_pipeline(policy: CollectionPolicy, pipeline: Sequence[Stage], rules: PipelineRules) -> list[dict[str, Any]]:
    """Return `pipeline` restricted to what the acting user may see, in every collection it reads.

    Args:
        policy: Rules of the collection it starts from.
        pipeline: The stages.
        rules: Those of the other collections.

    Raises:
        GuardRefusalError: A stage is not on the list of allowed ones.
    """
    scan_for_code(pipeline)
    stages = _guard_stages(pipeline, rules)
    seen = restriction(policy)
    rights = field_rights(policy)
    masks = mask_stages(policy)
    if rights is not None:
        rights.demand(stage_names(stages))
        masks += rights.stages()
    if stages and "$match" in stages[0]:
        refuse_conditions(policy, stages[0]["$match"])
        return [{"$match": merge_filter(stages[0]["$match"], seen)}, *masks, *stages[1:]]
    early = _early_conditions(stages)
    refuse_conditions(policy, early)
    return [{"$match": merge_filter(early, seen)}, *masks, *stages]


def _guard_stages(pipeline: Sequence[Stage], rules: PipelineRules) -> list[dict[str, Any]]:
    return [guarded for stage in pipeline for guarded in _guard_stage(stage, rules)]


def _guard_stage(stage: Stage, rules: PipelineRules) -> list[dict[str, Any]]:
    if len(stage) != 1:
        msg = "a pipeline stage has exactly one name"
        raise GuardRefusalError(msg)
    name, body = next(iter(stage.items()))
    if name in _PLAIN_STAGES:
        return [{name: body}]
    if name == "$match":
        return [{name: merge_filter(body, {})}]
    if name == "$facet":
        return [{name: {key: _guard_stages(inner, rules) for key, inner in body.items()}}]
    if name == "$lookup":
        return _guard_lookup(body, rules)
    if name == "$graphLookup":
        joined = rules.policies(_collection(name, body, "from"))
        refuse_conditions(joined, body.get("restrictSearchWithMatch"))
        refuse_keys(joined, [str(body.get("connectFromField")), str(body.get("connectToField"))])
        only = merge_filter(body.get("restrictSearchWithMatch"), restriction(joined))
        field, rights = str(body.get("as")), field_rights(joined)
        if rights is not None:
            rights.demand(filter_names(body.get("restrictSearchWithMatch")))
            rights.demand(listed_names([body.get("connectFromField"), body.get("connectToField")]))
        hiding = rights.joined_stages(field) if rights is not None else []
        return [{name: {**body, "restrictSearchWithMatch": only}}, *mask_joined(joined, field), *hiding]
    if name == "$unionWith":
        body = {"coll": body} if isinstance(body, str) else body
        policy = rules.policies(_collection(name, body, "coll"))
        return [{name: {**body, "pipeline": guard_pipeline(policy, body.get("pipeline", ()), rules)}}]
    msg = f"the stage {name} is not allowed"
    raise GuardRefusalError(msg)


def _guard_lookup(body: Stage, rules: PipelineRules) -> list[dict[str, Any]]:
    policy = rules.policies(_collection("$lookup", body, "from"))
    refuse_keys(policy, body.get("foreignField"))
    rights = field_rights(policy)
    if rights is not None:
        rights.demand(listed_names(body.get("foreignField")))
    field = body.get("as")
    by_field = "localField" in body and not body.get("pipeline")
    if rules.filter_joined and by_field and isinstance(field, str) and "." not in field:
        joined = {key: value for key, value in body.items() if key != "pipeline"}
        with suppress(NotExpressibleError):
            visible = as_expression(restriction(policy), "each")
            only = {"$filter": {"input": f"${field}", "as": "each", "cond": visible}}
            hiding = rights.joined_stages(field) if rights is not None else []
            return [{"$lookup": joined}, {"$addFields": {field: only}}, *mask_joined(policy, field), *hiding]
    return [{"$lookup": {**body, "pipeline": guard_pipeline(policy, body.get("pipeline", ()), rules)}}]


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
