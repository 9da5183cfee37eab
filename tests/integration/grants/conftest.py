"""The fixtures of the depot, and the tripwire."""

from tests.integration.grants.depot import depot
from tests.tripwire import tripwire

__all__ = ["depot", "tripwire"]
