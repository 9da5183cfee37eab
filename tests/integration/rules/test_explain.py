"""`explain_access` says what the guard does, and names what decides."""

import functools
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.rules.office import (
    BOSS,
    CLERK,
    NORTH,
    PAYER,
    PEOPLE,
    ROOT,
    SOUTH,
    VISITOR,
    Memo,
    Order,
    Person,
    acting,
)
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.guard import GuardedDatabase
from webos.data.guard.results import demand_result
from webos.data.policy import PROTECTED_FIELDS, CollectionPolicy
from webos.data.rules.explain import Access, Reason, explain_access, explain_stored
from webos.data.scope import system_context
from webos.kernel.context import Principal
from webos.kernel.errors import WebOSError

users = st.sampled_from([*PEOPLE, Principal(uuid4(), "new")])
orders: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    region=st.sampled_from(["north", "south", "east", "free", ""]),
    status=st.sampled_from(["draft", "sent"]),
)
memos: st.SearchStrategy[dict[str, Any]] = st.builds(dict, shared=st.booleans())


@given(
    st.lists(
        st.tuples(users, st.one_of(st.tuples(st.just(Order), orders), st.tuples(st.just(Memo), memos)), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    users,
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_the_answer_is_what_the_guard_does(
    mongo: Connection,
    office: GuardedDatabase,
    made: list[tuple[Principal, tuple[type[CoreDocument], dict[str, Any]], bool]],
    user: Principal,
) -> None:
    """For any document and user, what is said to be granted works, and what is said to be denied does not."""
    del mongo
    for author, (model, given_values), deleted in made:
        collection: Any = office[model.get_collection_name()]
        values = {"code": "x", **given_values} if model is Order else given_values
        new = model.model_validate(values)
        answer = explain_access(user, new, "create")
        assert await _works(user, new.insert) == answer.granted, answer
        with system_context():
            stored = model.model_validate(values)
            stored.created_by = author.id
            await collection.insert_one({**stored.model_dump(exclude={"id"}), "created_by": author.id, "revision": 1})
            row = await collection.find_one({}, sort=[("_id", -1)])
            if deleted:
                await collection.delete_one({"_id": row["_id"]})
                row = {**row, "deleted_at": "some day"}
        for action, attempt in DOES.items():
            answer = explain_stored(collection.policy, user, row, action)
            assert await _works(user, functools.partial(attempt, collection, row["_id"])) == answer.granted, answer
            assert answer.text.startswith(f"{user.username} may {'' if answer.granted else 'not '}")
        if not deleted:
            answer = explain_stored(collection.policy, user, row, "result")
            assert _may_result(collection.policy, user, row) == answer.granted, answer


def _may_result(policy: CollectionPolicy, user: Principal, row: dict[str, Any]) -> bool:
    with acting(user):
        try:
            demand_result(policy, row, {"$set": {key: row[key] for key in row.keys() - PROTECTED_FIELDS - {"_id"}}})
        except WebOSError:
            return False
        return True


async def _works(user: Principal, attempt: Any) -> bool:
    with acting(user):
        try:
            return bool(await attempt())
        except WebOSError:
            return False


async def _change(collection: Any, identity: Any) -> bool:
    return bool((await collection.update_one({"_id": identity}, {"$set": {"note": "x"}})).matched_count)


async def _restore(collection: Any, identity: Any) -> bool:
    return bool(await collection.find_deleted({"_id": identity}))


async def _delete(collection: Any, identity: Any) -> bool:
    return bool((await collection.delete_one({"_id": identity})).deleted_count)


DOES: dict[str, Callable[[Any, Any], Any]] = {
    "read": lambda collection, identity: collection.find_one({"_id": identity}),
    "write": _change,
    "restore": _restore,
    "delete": _delete,
}


async def test_what_a_change_may_make_of_a_document(office: GuardedDatabase) -> None:
    """The action `result` says of a document as it would become whether a change may make it so, as the save does."""
    del office
    with acting(NORTH):
        order = await Order(code="x").insert()
        for field, value, said in (
            ("region", "south", "see it, which changing another one into it takes as well"),
            ("status", "sent", "no rule lets nora change another one into it. The rules: "),
            ("code", "y", "nora may change another one into it: the rule Rule('write'"),
        ):
            changed = order.model_copy(update={field: value})
            answer = explain_access(NORTH, changed, "result")
            assert said in answer.text
            assert explain_access(NORTH, order, "write").granted
            assert (
                await _works(NORTH, functools.partial(_set, order, field, value)) == answer.granted == (field == "code")
            )
    assert explain_access(CLERK, order, "result").permission == "office.all"
    assert explain_access(ROOT, order, "result").reason is Reason.SUPERUSER
    assert explain_access(VISITOR, order, "result").reason is Reason.SIGN_IN
    with pytest.raises(ValueError, match="on a field"):
        explain_access(NORTH, order, "result", field="code")


async def _set(order: Order, field: str, value: str) -> bool:
    collection: Any = Order.get_pymongo_collection()
    return bool((await collection.update_one({"_id": order.id}, {"$set": {field: value}})).matched_count)


async def test_each_reason_is_named(office: GuardedDatabase) -> None:
    """The answer names superuser, sign-in, ownership, rule, field permission and deletion, with the rule's own text."""
    del office
    with acting(NORTH):
        order = await Order(code="x").insert()
        memo = await Memo(text="m").insert()
        person = await Person(name="p").insert()
    answer = explain_access(NORTH, order, "read")
    assert isinstance(answer, Access)
    assert (answer.granted, answer.reason) == (True, Reason.RULE)
    assert answer.rule == "Rule('read', where={'region': {'$in': ACTING.roles}})"
    assert answer.text == f"nora may see it: the rule {answer.rule} grants it."
    assert explain_access(ROOT, order, "delete").reason is Reason.SUPERUSER
    assert explain_access(VISITOR, order, "read").reason is Reason.SIGN_IN
    denied = explain_access(SOUTH, order, "write")
    assert (denied.granted, denied.reason) == (False, Reason.RULE)
    assert "see it, which changing it takes as well" in denied.text
    assert explain_access(CLERK, order, "write").permission == "office.all"
    assert explain_access(NORTH, memo, "write").reason is Reason.OWNERSHIP
    assert explain_access(SOUTH, memo, "write").reason is Reason.RULE
    assert explain_access(SOUTH, person, "read").reason is Reason.OPEN
    hidden = explain_access(NORTH, person, "read", field="salary")
    assert (hidden.granted, hidden.reason, hidden.permission) == (False, Reason.FIELD, "office.salary")
    assert explain_access(NORTH, person, "read", field="name").granted
    assert explain_access(NORTH, person, "write", field="grade").text.endswith(
        "office.grade, which nora does not have."
    )
    assert explain_access(BOSS, person, "write", field="bonus").granted
    assert not explain_access(PAYER, person, "write", field="bonus").granted
    with acting(NORTH):
        await memo.delete()
    assert explain_access(NORTH, memo, "read").reason is Reason.DELETION
    assert explain_access(NORTH, memo, "restore").granted
    assert not explain_access(NORTH, order, "restore").granted
    for action, field in (("fly", None), ("delete", "salary"), ("read", "nothing")):
        with pytest.raises(ValueError, match=r"no action|no field"):
            explain_access(NORTH, person, action, field=field)
