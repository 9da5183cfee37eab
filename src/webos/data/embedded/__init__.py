"""The local database server: a process of its own under the data folder, started where no URL is set.

It owns the folder, the account and the life of that process. It must stay light: the process that
supervises all others imports it.
"""

from webos.data.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer"]
