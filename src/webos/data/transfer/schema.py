"""Pydantic's own validator for the fields of a model, without making a document of each row.

A document is four times slower to make than its fields are to validate. Where a model has rules of its own over several
fields, only making the document applies them, so that is done then.
"""

from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic.main import BaseModel
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from webos.data.document import CoreDocument
from webos.data.transfer.source import ABSENT

__all__ = ["fields_validator", "is_plain", "partial_validator"]

# Beanie's own, which only serves links that were fetched.
_KNOWN_RULES = frozenset({"fill_back_refs"})
_PLAIN_POST_INIT = "init_private_attributes"

Schema = dict[str, Any]


def is_plain(model: type[CoreDocument]) -> bool:
    """Return whether a document is valid as soon as each of its fields is."""
    settings = model.get_settings()
    decorators = model.__pydantic_decorators__
    return (
        not (decorators.model_validators.keys() - _KNOWN_RULES)
        and not decorators.root_validators
        and model.__init__ is CoreDocument.__init__
        and getattr(model.model_post_init, "__name__", "") in {_PLAIN_POST_INIT, BaseModel.model_post_init.__name__}
        and model.model_config.get("extra") != "allow"
        and not settings.bson_encoders
        and settings.union_doc is None
    )


def fields_validator(model: type[CoreDocument]) -> SchemaValidator:
    """Return a validator that takes a mapping and gives the values of all fields, defaults filled in."""
    fields, definitions = _fields_schema(model)
    return _validator(fields, definitions, model)


def partial_validator(model: type[CoreDocument], names: Collection[str]) -> SchemaValidator:
    """Return a validator for some fields of a model; what a mapping does not have comes out as `ABSENT`."""
    fields, definitions = _fields_schema(model)
    wanted = {name: _optional(field) for name, field in fields["fields"].items() if name in names}
    return _validator({**fields, "fields": wanted, "computed_fields": []}, definitions, model)


def _optional(field: Mapping[str, Any]) -> Schema:
    inner = field["schema"]
    while inner["type"] == "default":
        inner = inner["schema"]
    return {**field, "schema": core_schema.with_default_schema(inner, default=ABSENT)}


def _validator(fields: Schema, definitions: list[Any], model: type[CoreDocument]) -> SchemaValidator:
    schema = cast("CoreSchema", fields)
    if definitions:
        schema = core_schema.definitions_schema(schema, definitions)
    config = {key: value for key, value in model.model_config.items() if key in _CONFIG}
    return SchemaValidator(schema, cast("Any", config))


_CONFIG = frozenset(
    {"strict", "str_strip_whitespace", "str_to_lower", "str_to_upper", "str_max_length", "str_min_length",
     "allow_inf_nan", "val_json_bytes", "ser_json_bytes", "coerce_numbers_to_str", "regex_engine"}
)  # fmt: skip


def _fields_schema(model: type[CoreDocument]) -> tuple[Schema, list[Any]]:
    """Return the part of a model's schema that is about its fields, and what that refers to."""
    schema = cast("Schema", model.__pydantic_core_schema__)
    definitions: list[Any] = []
    while schema["type"] != "model-fields":
        if schema["type"] == "definitions":
            definitions = schema["definitions"]
        if schema["type"] == "definition-ref":
            wanted = schema["schema_ref"]
            schema = next(each for each in definitions if each.get("ref") == wanted)
        else:
            schema = schema["schema"]
    return schema, definitions
