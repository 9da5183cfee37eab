"""Building the parts of an application and handing them to each other. Nothing runs yet."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import BaseModel

from webos.auth import (
    AuthService,
    FactorAdministration,
    FullSessions,
    OwnAccount,
    SessionCookie,
    UserAdministration,
    secret_key,
)
from webos.cache import CacheService, HostStore
from webos.data.audit.service import AuditService
from webos.data.changes import ChangeHub
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.endpoint import Endpoint
from webos.data.grants.desk import GrantDesk
from webos.data.grants.registry import GrantRegistry
from webos.data.guard import GuardedDatabase
from webos.data.model_registry import ModelInfo, ModelRegistry
from webos.data.notices import NoticeService
from webos.data.rules.service import AccessService
from webos.data.secret import Keyring
from webos.data.table import TableService
from webos.data.table.tools import TableTools
from webos.data.transfer import TransferService
from webos.events import EventService
from webos.kernel.context import current_user
from webos.kernel.hooks import HookRelay
from webos.kernel.loader import load_modules
from webos.kernel.messenger import Messenger
from webos.kernel.registry import ServiceRegistry
from webos.kernel.settings import Settings
from webos.sdk.hookspec import WebOSHookSpec
from webos.server.state import Application
from webos.tasks import TaskService
from webos.tasks.import_task import RunImport, UndoImport
from webos.tasks.table_task import ChangeRows, UndoRows
from webos.ui.explorer import DataExplorer
from webos.ui.interface import Interface
from webos.ui.record_search import SearchHit

__all__ = ["assemble"]

_STANDARD_MODULES = "webos.modules"


def assemble(settings: Settings, endpoint: Endpoint) -> Application:
    """Build the parts of an application.

    Args:
        settings: The settings of the process.
        endpoint: The database server.

    Raises:
        ConfigurationError: A folder with modules does not exist, or two modules have the same name.
    """
    services = ServiceRegistry()
    messenger = Messenger()
    connection = Connection(endpoint, settings.database)
    database = GuardedDatabase(connection.raw, keyring=Keyring.of(settings))
    changes = ChangeHub(connection.raw)
    models = ModelRegistry()
    grants = GrantRegistry()
    tables = TableService(models, database, changes)
    auth = AuthService(connection, settings)
    events = EventService(connection.raw, changes, auth.load_user)
    bus = events.bus
    modules = load_modules([_STANDARD_MODULES, *settings.modules])
    tasks = TaskService(
        connection,
        changes=changes,
        load_user=auth.load_user,
        bus=bus,
        messenger=messenger,
        services=services,
    )
    transfers = TransferService(
        models,
        database,
        tables,
        changes,
        raw=connection.raw,
        folder=settings.data_dir / "imports",
        load_user=auth.load_user,
    )
    tasks.register("webos", RunImport)
    tasks.register("webos", UndoImport)
    tasks.register("webos", ChangeRows)
    tasks.register("webos", UndoRows)
    notices = NoticeService(connection.raw, changes, days=settings.notice_days)
    cache = CacheService(lambda: HostStore(settings.data_dir / "cache", limit=settings.cache_mb * 2**20))
    audit = AuditService(models, database, days=settings.audit_days)
    parts = {
        "access": AccessService(models, database, auth.load_user),
        "audit": audit,
        "auth": auth,
        "bus": bus,
        "cache": cache,
        "changes": changes,
        "events": events,
        "factor_administration": FactorAdministration(auth),
        "grants": grants,
        "jobs": tasks.jobs,
        "sagas": tasks.sagas,
        "messenger": messenger,
        "models": models,
        "notices": notices,
        "own_account": OwnAccount(auth),
        "modules": modules,
        "table_tools": TableTools.of(tables, models, database, audit, connection.raw),
        "tables": tables,
        "tasks": tasks,
        "transfers": transfers,
        "user_administration": UserAdministration(auth, modules.permissions),
    }
    for name, part in parts.items():
        services.register(name, part)
    interface = Interface(
        settings=settings,
        services=services,
        modules=modules,
        messenger=messenger,
        sessions=FullSessions(auth.sessions),
        brand=settings.brand_name,
        session_cookie=SessionCookie.of(settings).name,
        storage_secret=secret_key(settings).hex(),
        tasks=tasks,
        notices=notices,
    )
    _provide_data(interface, models, tables, changes)
    return Application(
        settings=settings,
        connection=connection,
        database=database,
        modules=modules,
        hooks=HookRelay(WebOSHookSpec),
        bus=bus,
        events=events,
        tasks=tasks,
        changes=changes,
        auth=auth,
        interface=interface,
        messenger=messenger,
        services=services,
        models=models,
        grants=GrantDesk(models, database, grants),
        tables=tables,
        audit=audit,
        cache=cache,
        transfers=transfers,
    )


def _provide_data(interface: Interface, models: ModelRegistry, tables: TableService, changes: ChangeHub) -> None:
    """Give pages and forms their access to documents; each call acts as the current user."""

    def info(model: type[BaseModel]) -> ModelInfo:
        if not issubclass(model, CoreDocument):
            msg = f"{model.__name__} is not a document"
            raise TypeError(msg)
        return models.of(model)

    def add_table(model: type[BaseModel], *, permission: str | None = None, **options: Any) -> DataExplorer:  # noqa: ANN401 - options of the explorer
        entry = info(model)
        entry.demand_read(current_user())
        tables.show(entry, permission)
        writable = entry.may_write(current_user())
        return DataExplorer(
            entry,
            tables=tables,
            writable=writable,
            changes=changes,
            messenger=interface.messenger,
            interface=interface,
            **options,
        )

    def save(model: type[BaseModel], data: dict[str, Any]) -> Awaitable[Any]:
        return tables.store(info(model), data)

    def link_options(model: type[BaseModel], words: str) -> Awaitable[list[tuple[str, str]]]:
        return tables.labels(info(model), words)

    async def find_records(info: ModelInfo, address: str, words: str) -> list[SearchHit]:
        found = await tables.labels(info, words, 5)
        return [SearchHit(title=label, path=address.format(id=key), where=info.title) for key, label in found if label]

    def records(words: str) -> list[Callable[[], Awaitable[list[SearchHit]]]]:
        readable = [info for info in models if info.may_read(current_user())]
        addresses = [(info, getattr(info.document.Settings, "palette", None)) for info in readable]
        return [partial(find_records, info, str(address), words) for info, address in addresses if address]

    interface.records = records
    interface.tables = add_table
    interface.save_document = save
    interface.link_options = link_options
    interface.may_write = lambda model: info(model).may_write(current_user())
