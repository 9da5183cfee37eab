"""What a model's `Settings` declare about rows and fields, checked when the model is registered."""

from collections.abc import Iterable, Mapping
from typing import Any

from beanie import Document
from beanie.odm.utils.encoder import Encoder
from pydantic.fields import FieldInfo

from webos.data.rules.field_permission import FieldPermission
from webos.data.rules.rule import Rule
from webos.data.rules.rule_set import NO_RULES, OWNER, RuleSet
from webos.kernel.permissions import PERMISSION_PATTERN

__all__ = ["declared_field_permissions", "declared_rules", "named_permissions"]

_PAIR = 2


def declared_rules(document: type[Document], *, owned: bool) -> RuleSet:
    """Return the row rules of a model.

    Args:
        document: Its class.
        owned: Whether it has the rule of documents with owners as well.

    Raises:
        ValueError: A rule is none, or asks a field that the model does not have.
    """
    declared: Any = getattr(document.Settings, "rules", ())
    if not isinstance(declared, (list, tuple)):
        msg = f"{document.__name__}: Settings.rules is a list of Rule(...)"
        raise ValueError(msg)  # noqa: TRY004 - a fault in a declaration, like the others here
    stored = {info.alias or name for name, info in document.model_fields.items()}
    for number, rule in enumerate(declared, 1):
        if not isinstance(rule, Rule):
            msg = f"{document.__name__}: Settings.rules[{number - 1}] is {rule!r}, which is no Rule(...)"
            raise ValueError(msg)  # noqa: TRY004 - as above
        unknown = sorted(rule.condition.roots - stored - {"_id"}) if rule.condition is not None else []
        if unknown:
            msg = f"{document.__name__}: {rule} asks for {unknown[0]!r}, which is no field of the model"
            raise ValueError(msg)
    rules = ([OWNER] if owned else []) + list(declared)
    return RuleSet(rules) if rules else NO_RULES


def declared_field_permissions(document: type[Document]) -> tuple[FieldPermission, ...]:
    """Return the permissions that single fields of a model need.

    Raises:
        ValueError: One is for no field, or for one that cannot be left out, or is no permission.
    """
    declared: Any = getattr(document.Settings, "field_permissions", None) or {}
    if not isinstance(declared, Mapping):
        msg = f"{document.__name__}: Settings.field_permissions maps fields to permissions"
        raise ValueError(msg)  # noqa: TRY004 - a fault in a declaration
    return tuple(_field_permission(document, name, value) for name, value in declared.items())


def named_permissions(rules: RuleSet, fields: Iterable[FieldPermission]) -> set[str]:
    """Return the names of all permissions that rules and fields ask for."""
    named = {rule.permission for rule in rules.rules}
    for each in fields:
        named |= {each.read, each.write}
    return {name for name in named if name is not None}


def _field_permission(document: type[Document], name: Any, value: Any) -> FieldPermission:  # noqa: ANN401
    where = f"{document.__name__}: Settings.field_permissions[{name!r}]"
    own = name not in Document.model_fields and not _is_framework_field(document, name)
    info = document.model_fields.get(name) if own else None
    if info is None:
        msg = f"{where} is for no field of the model that can be hidden"
        raise ValueError(msg)
    pair: tuple[Any, ...] = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != _PAIR or pair == (None, None) or not all(_is_permission(each) for each in pair):
        msg = f"{where} is {value!r}; use a permission such as 'hr.salary', or two: (to read, to write)"
        raise ValueError(msg)
    if pair[0] is not None and info.is_required():
        msg = f"{where}: give the field a default, for that is what users without {pair[0]} see"
        raise ValueError(msg)
    read, write = pair
    return FieldPermission(name, info.alias or name, read, write, _defaults(info))


def _is_framework_field(document: type[Document], name: Any) -> bool:  # noqa: ANN401
    bases = [
        base for base in document.__mro__ if base.__dict__.get("__abstract__") and base.__module__.startswith("webos.")
    ]
    return any(name in base.__dict__.get("__pydantic_fields__", {}) for base in bases)


def _defaults(info: FieldInfo) -> tuple[Any, ...]:
    """Return the default of a field as it is stored; nothing where each document gets another."""
    if info.is_required():
        return ()
    encode = Encoder(to_db=True).encode
    first, second = (encode(info.get_default(call_default_factory=True, validated_data={})) for _ in range(2))
    return (first,) if type(first) is type(second) and first == second else ()


def _is_permission(value: Any) -> bool:  # noqa: ANN401
    return value is None or (isinstance(value, str) and PERMISSION_PATTERN.fullmatch(value) is not None)
