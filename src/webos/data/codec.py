"""How Python values are stored that BSON does not know by themselves."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bson.codec_options import TypeCodec, TypeRegistry
from bson.decimal128 import Decimal128

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["with_codecs"]


class _DecimalCodec(TypeCodec):
    """Stores `Decimal` as BSON's 128-bit decimal."""

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    @property
    def bson_type(self) -> type[Decimal128]:
        return Decimal128

    def transform_python(self, value: Decimal) -> Decimal128:
        return Decimal128(value)

    def transform_bson(self, value: Decimal128) -> Decimal:
        return value.to_decimal()


def with_codecs(database: "AsyncDatabase[dict[str, Any]]") -> "AsyncDatabase[dict[str, Any]]":
    """Return `database` so that it takes and gives `Decimal`."""
    options = database.codec_options.with_options(type_registry=TypeRegistry([_DecimalCodec()]))
    return database.with_options(codec_options=options)
