"""Fields that are stored encrypted: the type, the keys, and how the guard seals and opens values.

Nothing here knows a document class or the guard; both use it.
"""

from webos.data.secret.keyring import Keyring
from webos.data.secret.value import SearchableSecret, Secret

__all__ = ["Keyring", "SearchableSecret", "Secret"]
