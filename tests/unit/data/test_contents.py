"""Which models may hold which values."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from beanie import Link
from pydantic import BaseModel, ConfigDict, Field, create_model

from webos.data.contents import may_hold
from webos.data.document import CoreDocument


class Colour(Enum):
    """No decimals."""

    RED = "red"


class Inner(BaseModel):
    """A model that holds a decimal, and itself."""

    price: Decimal | None = None
    next: "Inner | None" = None


class Loop(BaseModel):
    """A model that holds itself only."""

    next: "Loop | None" = None


class Open(BaseModel):
    """A model that takes any further field."""

    model_config = ConfigDict(extra="allow")


class Product(CoreDocument):
    """A document with a price."""

    price: Decimal


HOLDING = [
    Decimal, Decimal | None, Annotated[Decimal, Field(ge=0)], list[Decimal], dict[str, list[Decimal | int]], Inner,
    list[Inner], tuple[int, ...] | Inner, Any, object, dict, list, Mapping, dict[str, Any], Open, tuple[Decimal, ...],
]  # fmt: skip
FREE = [
    int, str | None, float, bool, datetime, UUID, Colour, list[str], dict[str, list[int]], Annotated[int, Field(ge=0)],
    Literal["a", 1], Loop, Link[Product], list[Link[Product]], Link[Product] | None, tuple[int, ...], None, bytes,
]  # fmt: skip


@pytest.mark.parametrize(("annotations", "expected"), [(HOLDING, True), (FREE, False)])
def test_decimals_are_found_at_any_depth(annotations: list[Any], *, expected: bool) -> None:
    """A model may hold decimals if a field is one, contains one, or could be anything; what it links to is not it."""
    found = {str(each): may_hold(Decimal, create_model("Made", field=(each, ...))) for each in annotations}
    assert found == dict.fromkeys(found, expected)
    assert may_hold(Decimal, Product) is True
    assert may_hold(Decimal, CoreDocument) is False
