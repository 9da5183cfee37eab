"""`@data_access`: a service says which data of other modules it reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

__all__ = ["DataAccess", "data_access", "declared_access"]

C = TypeVar("C", bound=type)

_ATTRIBUTE = "__webos_data_access__"


@dataclass(frozen=True, slots=True)
class DataAccess:
    """What one declaration says.

    Attributes:
        model: The model, `module.Class`.
        access: What is done with it; `read`.
        fields: The fields that are read.
    """

    model: str
    access: str
    fields: tuple[str, ...]


def data_access(model: str, *, access: str = "read", fields: Sequence[str]) -> Callable[[C], C]:
    """Let a service read fields of another module's documents through `self.data(model)`.

    Several declarations can stand above each other; a subclass has those of its bases as well.

    Args:
        model: The model, `module.Class`; the manifest has to require the module.
        access: `read`; nothing else is possible.
        fields: The fields to read. The id is always among them.

    Raises:
        ValueError: The declaration is not possible; the message says why.
    """
    module, _, name = str(model).partition(".")
    if not (module.isidentifier() and name.isidentifier()):
        msg = f"@data_access names a model as 'module.Class', not {model!r}"
        raise ValueError(msg)
    if access != "read":
        msg = f"@data_access({model!r}) with access={access!r}: other modules' data can only be read; call a service to change it"
        raise ValueError(msg)
    if isinstance(fields, str) or not fields or not all(str(field).isidentifier() for field in fields):
        msg = f'@data_access({model!r}) lists the fields that are read: fields=["sku", "quantity"]'
        raise ValueError(msg)
    declared = DataAccess(model, access, tuple(dict.fromkeys(fields)))

    def decorate(service: C) -> C:
        own = service.__dict__.get(_ATTRIBUTE, ())
        setattr(service, _ATTRIBUTE, (declared, *own))
        return service

    return decorate


def declared_access(service: type) -> dict[str, DataAccess]:
    """Return what a service and its bases have declared, by model; fields of one model are put together."""
    found: dict[str, DataAccess] = {}
    for base in reversed(service.__mro__):
        own: Any = base.__dict__.get(_ATTRIBUTE, ())
        for each in own:
            known = found.get(each.model)
            fields = each.fields if known is None else tuple(dict.fromkeys((*known.fields, *each.fields)))
            found[each.model] = DataAccess(each.model, each.access, fields)
    return found
