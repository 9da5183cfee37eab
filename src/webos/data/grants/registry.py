"""All granted reads of one application, for the admin panel."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Grant", "GrantRegistry"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One service's access to one model of another module.

    Attributes:
        consumer: The service, `module.Class`.
        model: The model, `module.Class`.
        access: `read`.
        fields: The granted fields.
    """

    consumer: str
    model: str
    access: str
    fields: tuple[str, ...]


class GrantRegistry:
    """The grants, in the order of their declaration."""

    def __init__(self) -> None:
        self._grants: dict[tuple[str, str], Grant] = {}

    def add(self, grant: Grant) -> None:
        """Add a grant, in the place of an earlier one of the same service to the same model."""
        self._grants[grant.consumer, grant.model] = grant

    def remove(self, module: str) -> None:
        """Forget all grants of a module's services."""
        for key in [key for key in self._grants if key[0].partition(".")[0] == module]:
            del self._grants[key]

    def find(self, consumer: str, model: str) -> Grant | None:
        """Return the grant of a service to a model, or None."""
        return self._grants.get((consumer, model))

    def of_consumer(self, consumer: str) -> list[Grant]:
        """Return the grants of one service."""
        return [grant for grant in self if grant.consumer == consumer]

    def of_model(self, model: str) -> list[Grant]:
        """Return the grants to one model."""
        return [grant for grant in self if grant.model == model]

    def __iter__(self) -> Iterator[Grant]:
        return iter(list(self._grants.values()))

    def __len__(self) -> int:
        return len(self._grants)
