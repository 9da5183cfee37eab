"""What a module says of itself."""

import pytest
from pydantic import ValidationError

from webos.kernel.manifest import ModuleManifest


def test_a_name_is_enough() -> None:
    """Everything but the name has a default, and the title is made from the name."""
    manifest = ModuleManifest(name="stock_control")
    assert manifest.label == "Stock control"
    assert (manifest.version, manifest.requires, manifest.permissions) == ("0.0.0", (), {})


def test_a_title_is_what_people_call_it() -> None:
    """A title that is given wins over the name."""
    assert ModuleManifest(name="crm", title="Customers").label == "Customers"


@pytest.mark.parametrize("name", ["", "Shop", "1shop", "shop-front", "shop.front", "a" * 41, "shop\n", "_shop"])
def test_a_name_is_a_plain_word(name: str) -> None:
    """A module's name goes into paths, permissions and collections, so it has small letters, digits and underscores."""
    with pytest.raises(ValidationError):
        ModuleManifest(name=name)
    with pytest.raises(ValidationError):
        ModuleManifest(name="shop", requires=(name,))


@pytest.mark.parametrize("permission", ["read", "shop.*", "*", "Shop.read", "shop."])
def test_a_permission_is_a_name_without_wildcards(permission: str) -> None:
    """A module declares permissions one by one."""
    with pytest.raises(ValidationError, match="is not a permission name such as"):
        ModuleManifest(name="shop", permissions={permission: "Everything"})


def test_a_misspelt_field_is_told() -> None:
    """`require` is refused, for whoever writes it relies on it."""
    with pytest.raises(ValidationError, match="require\n"):
        ModuleManifest(name="shop", require=("books",))  # type: ignore[call-arg]  # the misspelling is what is tested
