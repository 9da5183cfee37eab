"""Making and changing rows as a grid does."""

from typing import Any

from tests.integration.table.shop import Product, Shop

__all__ = ["MODEL", "change", "make", "stored"]

MODEL = "shop.Product"


async def make(shop: Shop, **values: Any) -> dict[str, Any]:
    """Store a product and return its row."""
    return await shop.tables.create(MODEL, {"name": "a", **values})


async def change(shop: Shop, row: dict[str, Any], model: str = MODEL, /, **changes: Any) -> dict[str, Any]:
    """Change a row as a grid does: with its revision and the values that were shown."""
    was = {name: row.get(name) for name in changes}
    return await shop.tables.change(model, row["id"], changes, revision=row["revision"], was=was)


async def stored(row: dict[str, Any]) -> Product:
    found = await Product.get(row["id"])
    assert found is not None
    return found
