"""All parts of one running application, in one place."""

from dataclasses import dataclass

from webos.auth import AuthService
from webos.cache import CacheService
from webos.data.audit.service import AuditService
from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.grants.desk import GrantDesk
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelRegistry
from webos.data.table import TableService
from webos.data.transfer import TransferService
from webos.events import EventBus, EventService
from webos.kernel.hooks import HookRelay
from webos.kernel.loader import ModuleSet
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.kernel.settings import Settings
from webos.tasks import TaskService
from webos.ui.interface import Interface

__all__ = ["Application"]


@dataclass(slots=True)
class Application:
    """One application: nothing of it is global, so that a process can hold several.

    Attributes:
        settings: The settings of the process.
        connection: The database connection.
        database: The guarded database that documents use.
        modules: All modules, failed ones too.
        hooks: The plugin hooks.
        services: The services by name and type.
        models: The document classes.
        bus: The event bus.
        events: The durable events.
        tasks: The background tasks.
        messenger: The way to the users.
        changes: The watcher of the database.
        auth: Accounts and sessions.
        interface: Pages, slots and what else the browser shows.
        tables: Documents as tables.
        grants: What services may read of other modules.
        transfers: Import and export of documents.
        cache: What is kept for a while.
    """

    settings: Settings
    connection: Connection
    database: GuardedDatabase
    modules: ModuleSet
    hooks: HookRelay
    bus: EventBus
    events: EventService
    tasks: TaskService
    changes: ChangeHub
    auth: AuthService
    interface: Interface
    messenger: Messenger
    services: ServiceRegistry
    models: ModelRegistry
    tables: TableService
    grants: GrantDesk
    audit: AuditService
    transfers: TransferService
    cache: CacheService
