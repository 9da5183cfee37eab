"""What happens when a document class is derived from another."""

from copy import copy

from beanie import Document
from beanie.odm.fields import ExpressionField

__all__ = ["merge_settings", "restore_defaults"]


def merge_settings(document: type[Document]) -> None:
    """Give a class `Settings` of its own that go on from those of its parent.

    The name of a collection is not passed on: each class has its own documents.
    """
    own = document.__dict__.get("Settings")
    declared = {name: value for name, value in vars(own).items() if not name.startswith("__")} if own else {}
    inherited = next(base.__dict__["Settings"] for base in document.__mro__[1:] if "Settings" in base.__dict__)
    bases = (inherited,) if own is None else (own,) if issubclass(own, inherited) else (own, inherited)
    document.Settings = type("Settings", bases, {"name": None, **declared})


def restore_defaults(document: type[Document]) -> None:
    """Give fields their defaults back after a class was derived from one that Beanie had initialised.

    Beanie puts expressions in the place of an initialised class's fields, and Pydantic takes them for defaults.
    """
    spoilt = [name for name, field in document.model_fields.items() if isinstance(field.default, ExpressionField)]
    for name in spoilt:
        for base in document.__mro__[1:]:
            field = getattr(base, "__pydantic_fields__", {}).get(name)
            if field is not None and not isinstance(field.default, ExpressionField):
                document.model_fields[name] = copy(field)
                break
    if spoilt:
        document.model_rebuild(force=True, raise_errors=False)
