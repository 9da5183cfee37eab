"""Rules and field permissions that are not possible are refused with what is wrong."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import Field

from webos.data.document import CoreDocument
from webos.data.rules import ACTING, Rule
from webos.data.rules.declared import declared_field_permissions, declared_rules, named_permissions
from webos.data.rules.rule_set import NO_RULES, OWNER, RuleSet
from webos.kernel.context import ANONYMOUS, Principal


class Colour(Enum):
    """A choice."""

    RED = "red"


ANNA = Principal(UUID(int=1), "anna", role_names=("north",), grants=frozenset({"paper.all"}))
BERT = Principal(UUID(int=2), "bert")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({}, "where is a mapping"),
        ([], "where is a mapping"),
        ({1: 2}, "names fields by text"),
        ({"$where": "1"}, "$where is not possible in a rule"),
        ({"$expr": {}}, "$expr is not possible in a rule"),
        ({"$or": []}, "$or takes a list of conditions"),
        ({"$or": {"a": 1}}, "$or takes a list of conditions"),
        ({"a": {}}, "a has an empty condition"),
        ({"a": {"$regex": "x"}}, "a: $regex is not possible in a rule; use $eq"),
        ({"a": {"b": 1}}, "a: b is not possible in a rule"),
        ({"a": re.compile("x")}, "cannot be compared with"),
        ({"a": [1]}, "cannot be compared with"),
        ({"a": {"$eq": {"b": 1}}}, "cannot be compared with"),
        ({"a": {"$in": 5}}, "a: $in takes a list"),
        ({"a": {"$in": ACTING.id}}, "put ACTING.id into one"),
        ({"a": ACTING.roles}, "ACTING.roles is a list; use $in or $nin"),
        ({"a": {"$gt": ACTING.id}}, "$gt cannot compare with ACTING.id"),
        ({"a": {"$gt": None}}, "compares numbers, texts and times"),
        ({"a": {"$gt": True}}, "compares numbers, texts and times"),
        ({"a": {"$exists": 1}}, "$exists takes True or False"),
        ({"a": {"$not": 5}}, "$not takes operators"),
        ({"a": {"$not": {"$not": {"$eq": 1}}}}, "$not inside of $not"),
        ({"a.0": 1}, "is no path of fields"),
        ({"a..b": 1}, "is no path of fields"),
        ({"a.$": 1}, "is no path of fields"),
        ({"deleted_at": None}, "deleted_at is the framework's own"),
        ({"revision": {"$gt": 1}}, "revision is the framework's own"),
        ({"a": 2**63}, "cannot be compared with"),
        ({"a": date(2024, 1, 1)}, "cannot be compared with"),
        ({"a": Decimal("1" * 50)}, "cannot be compared with"),
        ({"a": "\ud800"}, "cannot be compared with"),
    ],
)
def test_a_condition_outside_of_the_language_is_refused(where: Any, words: str) -> None:
    """The error says what is wrong, and where there is something else to write, what that is."""
    with pytest.raises(ValueError, match=re.escape(words)):
        Rule("read", where=where)


@pytest.mark.parametrize(
    ("actions", "options", "words"),
    [
        ((), {}, "a rule is for one or more of read, write, create, result, not nothing"),
        (("see",), {}, "not 'see'"),
        (("read",), {"permission": "All"}, "not a permission name"),
        (("read",), {"permission": "orders.all", "visitors": True}, "a rule for visitors"),
        (("read",), {"where": {"a": ACTING.id}, "visitors": True}, "a rule for visitors"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(actions: Any, options: Any, words: str) -> None:
    """Unknown actions, wrong permissions and visitors who are asked who they are."""
    with pytest.raises(ValueError, match=re.escape(words)):
        Rule(*actions, **options)


def test_values_are_compared_as_they_are_stored() -> None:
    """Members of an enum count as their value, times without a zone as UTC, and in whole milliseconds."""
    rule = Rule("read", where={"a": Colour.RED, "b": datetime(2024, 1, 1, 0, 0, 0, 1999), "c": {"$in": {1}}})  # noqa: DTZ001 - on purpose
    assert rule.filter(BERT) == {"a": "red", "b": datetime(2024, 1, 1, 0, 0, 0, 1000, tzinfo=UTC), "c": {"$in": [1]}}


def test_rules_of_one_model_lie_flat_beside_each_other() -> None:
    """One granting rule adds its conditions, several one `$or`, an open one nothing, none what matches nothing."""
    region = Rule("read", "write", where={"region": {"$in": ACTING.roles}})
    draft = Rule("write", where={"created_by": ACTING.id, "$and": [{"status": "draft"}]})
    rules = RuleSet([Rule("read", permission="paper.all"), region, draft])
    assert rules.conditions(ANNA, "read") == {}
    assert rules.conditions(BERT, "read") == {"region": {"$in": []}}
    mine = {"$or": [{"region": {"$in": ["north"]}}, {"created_by": ANNA.id, "status": "draft"}]}
    assert rules.conditions(ANNA, "write") == mine
    assert rules.conditions(BERT, "write") == {
        "region": {"$in": []},
        "$or": [{"region": {"$in": []}}, {"created_by": BERT.id, "status": "draft"}],
    }
    assert RuleSet([draft]).conditions(ANNA, "read") == {"_id": {"$in": []}}
    assert RuleSet([OWNER]).conditions(BERT, "write") == {"created_by": BERT.id}
    assert RuleSet([Rule("read")]).conditions(ANONYMOUS, "read") == {"_id": {"$in": []}}
    assert RuleSet([Rule("read", where={"a": 1}, visitors=True)]).conditions(ANONYMOUS, "read") == {"a": 1}
    assert not NO_RULES.restricts("read")
    assert not rules.restricts("create")


def test_conditions_on_the_same_field_are_all_kept() -> None:
    """Where two conditions name one field, none replaces the other."""
    rule = Rule("read", where={"$and": [{"a": {"$gt": 1}}, {"a": {"$lt": 5}}, {"$or": [{"b": 1}]}], "$or": [{"c": 1}]})
    assert rule.filter(BERT) == {"a": {"$gt": 1}, "$or": [{"b": 1}], "$and": [{"a": {"$lt": 5}}, {"$or": [{"c": 1}]}]}
    both = RuleSet([Rule("read", where={"a": 1}), Rule("write", where={"a": 2, "b": 1})])
    assert both.conditions(BERT, "write") == {"a": 1, "b": 1, "$and": [{"a": 2}]}


def test_a_rule_reads_as_it_is_written() -> None:
    """The text of a rule, which explanations show, is its declaration."""
    rule = Rule("write", "read", permission="paper.all", where={"a": ACTING.username})
    assert str(rule) == "Rule('read', 'write', permission='paper.all', where={'a': ACTING.username})"


class Paper(CoreDocument):
    """A model without rules."""

    name: str
    price: int = 0
    old: str = Field(default="", alias="older")
    stamp: UUID = Field(default_factory=uuid4)
    colour: Colour = Colour.RED
    words: list[str] = Field(default_factory=list)


def _with(**settings: Any) -> type[CoreDocument]:
    class Sheet(Paper):
        """The model with the settings."""

    for name, value in settings.items():
        setattr(Sheet.Settings, name, value)
    return Sheet


def _read(model: type[CoreDocument]) -> None:
    declared_rules(model, owned=False)
    declared_field_permissions(model)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rules": Rule("read")}, "Settings.rules is a list of Rule(...)"),
        ({"rules": [{"a": 1}]}, "Settings.rules[0] is {'a': 1}, which is no Rule(...)"),
        ({"rules": [Rule("read", where={"nothing": 1})]}, "asks for 'nothing', which is no field of the model"),
        ({"rules": [Rule("read", where={"old": 1})]}, "asks for 'old', which is no field of the model"),
        ({"rules": [Rule("read", where={"$or": [{"price": 1}, {"x.y": 1}]})]}, "asks for 'x'"),
        ({"field_permissions": ["price"]}, "maps fields to permissions"),
        ({"field_permissions": {"nothing": "a.b"}}, "is for no field of the model that can be hidden"),
        ({"field_permissions": {"id": "a.b"}}, "is for no field of the model that can be hidden"),
        ({"field_permissions": {"created_by": "a.b"}}, "is for no field of the model that can be hidden"),
        ({"field_permissions": {"price": "Price"}}, "use a permission such as 'hr.salary', or two"),
        ({"field_permissions": {"price": ("a.b", "a.c", "a.d")}}, "use a permission such as 'hr.salary', or two"),
        ({"field_permissions": {"price": (None, None)}}, "use a permission such as 'hr.salary', or two"),
        ({"field_permissions": {"name": "a.b"}}, "give the field a default, for that is what users without a.b see"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: Any, words: str) -> None:
    """The error names the model, the setting and what is wrong with it."""
    model = _with(**settings)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        _read(model)
    assert "Sheet" in str(caught.value)


def test_settings_that_can_be() -> None:
    """Stored names, pairs, permissions to write alone, and the defaults that new documents may hold."""
    rules = [Rule("read", where={"older": "x", "_id": {"$exists": True}}), Rule("write", permission="a.all")]
    model = _with(
        rules=rules,
        field_permissions={
            "old": "a.old",
            "price": ("a.see", "a.change"),
            "name": (None, "a.name"),
            "stamp": "a.stamp",
            "colour": "a.colour",
            "words": "a.words",
        },
    )
    assert declared_rules(model, owned=False).rules == tuple(rules)
    assert declared_rules(model, owned=True).rules == (OWNER, *rules)
    fields = {each.field: each for each in declared_field_permissions(model)}
    assert (fields["old"].stored, fields["old"].read, fields["old"].write) == ("older", "a.old", "a.old")
    assert (fields["name"].read, fields["name"].write) == (None, "a.name")
    assert fields["price"].is_default(0)
    assert not fields["price"].is_default(False)  # noqa: FBT003 - a stored value
    assert fields["colour"].is_default("red")
    assert fields["words"].is_default([])
    assert fields["stamp"].defaults == ()
    assert named_permissions(declared_rules(model, owned=True), fields.values()) == {
        "a.all", "a.old", "a.see", "a.change", "a.name", "a.stamp", "a.colour", "a.words",
    }  # fmt: skip
    assert declared_rules(Paper, owned=False) is NO_RULES
