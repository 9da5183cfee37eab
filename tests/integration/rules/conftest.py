"""The fixtures of the office, and the tripwire."""

from tests.integration.rules.office import office
from tests.tripwire import tripwire

__all__ = ["office", "tripwire"]
