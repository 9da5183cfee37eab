"""Documents together with what they link to, so that the links survive.

Beanie lets the server put the linked documents in the place of the links. In a list that loses the links whose
documents the user may not see or that are deleted, and the order; a following save would make that permanent. So the
ids are kept beside the documents, and each link without a document stays a link.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from beanie import Document, Link
from beanie.odm.fields import BackLink, LinkInfo, LinkTypes
from beanie.odm.queries.find import FindMany
from beanie.odm.utils.projection import get_projection
from bson import DBRef
from pydantic import BaseModel

__all__ = ["FetchingFindMany", "fetched_links", "restore_references", "take_over"]

_LISTS = {LinkTypes.LIST, LinkTypes.OPTIONAL_LIST}
_PREFIX = "_ids_of_"

Stage = Mapping[str, Any]


class FetchingFindMany(FindMany[Any]):
    """Beanie's query, with the ids of lists of links kept."""

    def build_aggregation_pipeline(self, *extra_stages: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the stages; those that replace a list of links are preceded by one that keeps their ids."""
        return _keep_ids(super().build_aggregation_pipeline(*extra_stages))

    async def to_list(self, length: int | None = None) -> list[Any]:
        """Return what matches; where it is projected to a plain model, without asking of each row what Beanie asks.

        Args:
            length: How many at most; all where None.
        """
        projection = self.projection_model
        if not issubclass(projection, BaseModel) or issubclass(projection, Document):
            return await super().to_list(length)
        rows = await (await self.get_cursor()).to_list(length)
        validate = projection.__pydantic_validator__.validate_python
        return [validate(row) for row in rows]

    async def get_cursor(self) -> Any:  # noqa: ANN401 - the driver's cursors
        """Open the cursor."""
        if not self.fetch_links:
            return await super().get_cursor()
        pipeline = self.build_aggregation_pipeline()
        projection = get_projection(self.projection_model)
        if projection is not None:
            kept = {name: 1 for stage in pipeline for name in stage.get("$addFields", {}) if name.startswith(_PREFIX)}
            pipeline.append({"$project": {**projection, **kept}})
        collection = self.document_model.get_pymongo_collection()
        return await collection.aggregate(pipeline, session=self.session, **self.pymongo_kwargs)


def restore_references(links: Mapping[str, LinkInfo], values: dict[str, Any]) -> None:
    """Put the links back that have no document, in their order.

    Args:
        links: The link fields of the class.
        values: A document as the server gave it; changed in place.
    """
    for name, info in links.items():
        key = _PREFIX + name
        if info.link_type not in _LISTS or key not in values:
            continue
        ids = values.pop(key)
        if ids is None:
            values[name] = None if info.link_type is LinkTypes.OPTIONAL_LIST else []
            continue
        found = {document["_id"]: document for document in values.get(name) or ()}
        collection = info.document_class.get_collection_name()  # type: ignore[attr-defined]  # it is a document
        values[name] = [found.get(identity) or DBRef(collection, identity) for identity in ids]


def fetched_links(document: Document) -> list[Any]:
    """Return the linked documents that were fetched into `document`."""
    found: list[Any] = []
    for name in type(document).get_link_fields() or {}:
        value = getattr(document, name)
        found += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Document)]
    return found


def take_over(target: Document, stored: Document) -> None:
    """Bring `target` to what is stored; documents it has fetched stay in the place of their unchanged links."""
    links = type(target).get_link_fields() or {}
    for name in type(target).model_fields:
        value = stored.__dict__.get(name)
        if name in links:
            value = _with_fetched(target.__dict__.get(name), value)
        target.__dict__[name] = value


def _with_fetched(old: Any, new: Any) -> Any:  # noqa: ANN401 - any form of a link field
    """Return a link field as it is stored, with the documents that were fetched before."""
    if isinstance(new, BackLink) or (isinstance(new, list) and any(isinstance(each, BackLink) for each in new)):
        return old
    if isinstance(new, list):
        fetched = {each.id: each for each in old or () if isinstance(each, Document)}
        return [fetched.get(each.ref.id, each) if isinstance(each, Link) else each for each in new]
    if isinstance(new, Link) and isinstance(old, Document) and old.id == new.ref.id:
        return old
    return new


def _keep_ids(stages: Sequence[Stage]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for stage in stages:
        lookup = stage.get("$lookup")
        if lookup is None:
            kept.append(dict(stage))
            continue
        if "pipeline" in lookup:
            lookup = {**lookup, "pipeline": _keep_ids(lookup["pipeline"])}
        field = lookup["as"]
        if lookup.get("localField") == f"{field}.$id":
            # The ids as an array of their own, for not every server looks inside the elements of one.
            ids = {"$map": {"input": f"${field}", "as": "link", "in": "$$link.$id"}}
            kept.append({"$addFields": {_PREFIX + field: ids}})
            lookup = {**lookup, "localField": _PREFIX + field}
        kept.append({"$lookup": lookup})
    return kept
