"""How long to wait before a process that died is started again."""

from dataclasses import dataclass

__all__ = ["Backoff"]

_FIRST_SECONDS = 0.2
_LONGEST_SECONDS = 10.0
_HEALTHY_SECONDS = 60.0


@dataclass(slots=True)
class Backoff:
    """Doubles the wait with every quick death, up to ten seconds; a minute of life makes it short again.

    Attributes:
        quick_deaths: Deaths in a row that came within a minute.
    """

    quick_deaths: int = 0

    def after(self, lifetime: float) -> float:
        """Count a death and return the seconds to wait.

        Args:
            lifetime: Seconds the process lived.
        """
        if lifetime >= _HEALTHY_SECONDS:
            self.quick_deaths = 0
        self.quick_deaths += 1
        return min(_FIRST_SECONDS * 2.0 ** (self.quick_deaths - 1), _LONGEST_SECONDS)
