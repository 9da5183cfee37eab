"""Changes of stored data that come with a new version of a module: found, planned, run once, taken back.

Knows the driver and the files of a module, but neither modules that run nor Beanie.
"""

from webos.data.migrations.context import MigrationContext
from webos.data.migrations.errors import LeaseLostError, MigrationError
from webos.data.migrations.lease import MigrationLease
from webos.data.migrations.log import Direction, MigrationLog, MigrationRecord
from webos.data.migrations.module import MigratedModule
from webos.data.migrations.plan import Plan, Step
from webos.data.migrations.run import Progress
from webos.data.migrations.runner import Migrator
from webos.data.migrations.trial import Trial

__all__ = [
    "Direction",
    "LeaseLostError",
    "MigratedModule",
    "MigrationContext",
    "MigrationError",
    "MigrationLease",
    "MigrationLog",
    "MigrationRecord",
    "Migrator",
    "Plan",
    "Progress",
    "Step",
    "Trial",
]
