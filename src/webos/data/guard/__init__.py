"""The guard: a database that enforces ownership, soft deletion and audit stamps on every path to the data.

Beanie is given this database instead of the driver's, so documents, views, links and bulk writers all pass it.
It is no sandbox: code in the same process can reach the driver. It makes the safe way the only convenient one.
"""

from webos.data.guard.collection import GuardedCollection
from webos.data.guard.database import GuardedDatabase

__all__ = ["GuardedCollection", "GuardedDatabase"]
