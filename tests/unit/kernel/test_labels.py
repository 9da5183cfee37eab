"""Names of fields, as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.kernel.labels import label_of, plural_of


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("unit_price", "Unit price"),
        ("unitPrice", "Unit price"),
        ("sku", "SKU"),
        ("supplier_id", "Supplier ID"),
        ("StockMove", "Stock move"),
        ("line2", "Line2"),
        ("_", "_"),
        ("", ""),
    ],
)
def test_reads_as_words(name: str, label: str) -> None:
    """Underscores and humps become spaces, the first letter a capital, known abbreviations capitals."""
    assert label_of(name) == label


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True))
def test_says_the_same_letters(name: str) -> None:
    """A label has the letters and digits of the name, in their order, and never begins in lower case."""
    label = label_of(name)
    assert label.replace(" ", "").lower() == name.replace("_", "").lower()
    assert not label[0].islower()


@pytest.mark.parametrize(
    ("one", "several"),
    [
        ("Entry", "Entries"),
        ("Journal entry", "Journal entries"),
        ("Day", "Days"),
        ("Address", "Addresses"),
        ("Box", "Boxes"),
        ("Branch", "Branches"),
        ("Product", "Products"),
        ("Person", "People"),
        ("Sales person", "Sales people"),
        ("Equipment", "Equipment"),
        ("SKU", "SKUs"),
        ("y", "ys"),
        ("", ""),
    ],
)
def test_several_are_called_as_in_english(one: str, several: str) -> None:
    """The last word is put into the plural, and stays written as it was."""
    assert plural_of(one) == several
