"""Declarations of granted reads: checked when services are built, listed, inherited."""

from typing import Any

import pytest

from tests.integration.grants.depot import Depot
from webos.data.grants.declaration import data_access, declared_access
from webos.data.grants.registry import Grant
from webos.data.guard.grant_scope import UndeclaredAccessError
from webos.kernel.errors import ConfigurationError


@data_access("depot.Move", access="read", fields=["sku"])
class Base:
    """Declares one read."""


@data_access("depot.Place", fields=["name"])
@data_access("depot.Move", access="read", fields=["quantity", "sku"])
class Report(Base):
    """Declares another, and a field more of the first."""


async def test_declarations_are_put_together_and_listed(depot: Depot) -> None:
    """A class has what it and its bases declare; the registry lists it by consumer and by model."""
    assert {name: each.fields for name, each in declared_access(Report).items()} == {
        "depot.Move": ("sku", "quantity"),
        "depot.Place": ("name",),
    }
    depot.desk.declare("reports.Report", Report, ["depot"])
    depot.desk.declare("depot.Own", Base, [])
    move = Grant("reports.Report", "depot.Move", "read", ("sku", "quantity"))
    assert list(depot.registry) == [
        move,
        Grant("reports.Report", "depot.Place", "read", ("name",)),
        Grant("depot.Own", "depot.Move", "read", ("sku",)),
    ]
    assert depot.registry.of_model("depot.Place") == [Grant("reports.Report", "depot.Place", "read", ("name",))]
    assert [grant.model for grant in depot.registry.of_consumer("depot.Own")] == ["depot.Move"]
    assert depot.registry.find("reports.Report", "depot.Move") == move
    assert len(depot.registry) == 3
    depot.registry.remove("reports")
    assert len(depot.registry) == 1


async def test_what_is_not_declared_is_refused_with_the_line_to_write(depot: Depot) -> None:
    """The error names the service and the line, with the model's own fields."""
    depot.desk.declare("reports.Report", Base, ["depot"])
    with pytest.raises(UndeclaredAccessError) as caught:
        depot.desk.reader("reports.Report", "depot.Place")
    assert str(caught.value) == (
        "reports.Report reads depot.Place, which it has not declared; write above the class: "
        '@data_access("depot.Place", access="read", fields=["name"])'
    )
    assert caught.value.status == 403
    assert "depot" not in caught.value.user_message
    with pytest.raises(UndeclaredAccessError, match="nowhere"):
        depot.desk.reader("reports.Report", "nowhere.Thing")


@pytest.mark.parametrize(
    ("model", "fields", "words"),
    [
        (
            "depot.Nothing",
            ["x"],
            "there is no model depot.Nothing; the module 'depot' has depot.Diary, depot.Move, depot.Place",
        ),
        ("depot.Move", ["sku", "nothing"], "Move has no field 'nothing'; it has"),
        ("depot.Move", ["key"], "Move.key is a secret and cannot be granted"),
        ("elsewhere.Move", ["sku"], 'add requires=["elsewhere"] to the manifest of reports'),
    ],
)
async def test_what_cannot_be_granted_fails_at_the_start(
    depot: Depot, model: str, fields: list[str], words: str
) -> None:
    """A model or field that is not there, a secret, and a module that is not required: the error says so."""

    @data_access(model, access="read", fields=fields)
    class Consumer:
        """Asks for what it cannot have."""

    with pytest.raises(ConfigurationError) as caught:
        depot.desk.declare("reports.Consumer", Consumer, ["depot"])
    assert words in str(caught.value)
    assert "@data_access(" in str(caught.value)
    assert len(depot.registry) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": "Move", "fields": ["sku"]}, "'module.Class'"),
        ({"model": "depot.Move", "fields": []}, "lists the fields"),
        ({"model": "depot.Move", "fields": "sku"}, "lists the fields"),
        ({"model": "depot.Move", "fields": ["place.name"]}, "lists the fields"),
        ({"model": "depot.Move", "fields": ["sku"], "access": "write"}, "can only be read"),
    ],
)
def test_a_declaration_is_refused_where_it_stands(arguments: dict[str, Any], words: str) -> None:
    """A wrong model, no fields, or another access than reading are errors of the line itself."""
    with pytest.raises(ValueError, match=words):
        data_access(**arguments)
