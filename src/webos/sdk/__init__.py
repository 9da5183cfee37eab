"""The only import surface for modules: everything a module needs, and nothing else of the framework."""

from beanie import BackLink, Indexed, Link

from webos.auth import (
    Account,
    ApiKey,
    CurrentUser,
    FactorAdministration,
    Group,
    OwnAccount,
    Passkey,
    PermissionAnswer,
    PermissionSource,
    Role,
    SessionRecord,
    StoredFactors,
    UserAdministration,
    require_permission,
)
from webos.auth.limits import RouteLimiter, accepts_large_body
from webos.cache import CacheService, CacheUnavailableError, ModuleCache, UncacheableValueError
from webos.data.audit.change_set import ChangeSet
from webos.data.audit.records import AuditEntry, AuditPage, FieldChange, UndoConflict, UndoReport, Version
from webos.data.audit.service import AuditService
from webos.data.conflicts import EditConflictError, FieldConflict
from webos.data.crud.states import IllegalMoveError, StateMachine
from webos.data.document import CoreDocument, OwnedDocument
from webos.data.grants.declaration import data_access
from webos.data.grants.reader import DataReader, DataRows
from webos.data.grants.registry import Grant, GrantRegistry
from webos.data.guard.grant_scope import UndeclaredAccessError
from webos.data.migrations import MigrationContext
from webos.data.module_settings import ModuleSettingsDoc
from webos.data.rules import ACTING, Rule
from webos.data.rules.explain import Access, explain_access
from webos.data.rules.service import AccessService
from webos.data.scope import system_context
from webos.data.secret import SearchableSecret, Secret
from webos.data.table import TableService
from webos.events import EventBus, EventEnvelope, EventService, emits, subscribe
from webos.kernel.context import AppContext, User, current_trace_id, current_user, demand_own_hand
from webos.kernel.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    PermissionDeniedError,
    RecentProofNeededError,
    UnavailableError,
    ViewOnlyError,
    WebOSError,
)
from webos.kernel.hooks import hookimpl
from webos.kernel.loader import ModuleSet
from webos.kernel.manifest import ModuleManifest
from webos.kernel.messenger import Messenger
from webos.kernel.module import Module, ModuleState
from webos.kernel.recent import demand_recent, require_recent
from webos.kernel.registry import ServiceRegistry
from webos.sdk.cache import cache
from webos.sdk.crud import CrudService, ListPage
from webos.sdk.hookspec import WebOSHookSpec
from webos.sdk.inject import Inject
from webos.sdk.rest import crud_router, rest_router
from webos.sdk.service import BaseService
from webos.tasks import (
    BaseTask,
    LocalJob,
    LocalJobs,
    Saga,
    SagaHandle,
    SagaRecord,
    SagaService,
    SagaState,
    TaskHandle,
    TaskService,
    step,
)
from webos.ui.admin_area import AdminArea
from webos.ui.layout import LayoutManager
from webos.ui.page import Page
from webos.ui.record_search import SearchHit

__all__ = [
    "ACTING",
    "Access",
    "AccessService",
    "Account",
    "AdminArea",
    "ApiKey",
    "AppContext",
    "AuditEntry",
    "AuditPage",
    "AuditService",
    "BackLink",
    "BaseService",
    "BaseTask",
    "CacheService",
    "CacheUnavailableError",
    "ChangeSet",
    "ConflictError",
    "CoreDocument",
    "CrudService",
    "CurrentUser",
    "DataReader",
    "DataRows",
    "EditConflictError",
    "EventBus",
    "EventEnvelope",
    "EventService",
    "FactorAdministration",
    "FieldChange",
    "FieldConflict",
    "Grant",
    "GrantRegistry",
    "Group",
    "IllegalMoveError",
    "Indexed",
    "Inject",
    "InvalidInputError",
    "LayoutManager",
    "Link",
    "ListPage",
    "LocalJob",
    "LocalJobs",
    "Messenger",
    "MigrationContext",
    "Module",
    "ModuleCache",
    "ModuleManifest",
    "ModuleSet",
    "ModuleSettingsDoc",
    "ModuleState",
    "NotFoundError",
    "NotSignedInError",
    "OwnAccount",
    "OwnedDocument",
    "Page",
    "Passkey",
    "PermissionAnswer",
    "PermissionDeniedError",
    "PermissionSource",
    "RecentProofNeededError",
    "Role",
    "RouteLimiter",
    "Rule",
    "Saga",
    "SagaHandle",
    "SagaRecord",
    "SagaService",
    "SagaState",
    "SearchHit",
    "SearchableSecret",
    "Secret",
    "ServiceRegistry",
    "SessionRecord",
    "StateMachine",
    "StoredFactors",
    "TableService",
    "TaskHandle",
    "TaskService",
    "UnavailableError",
    "UncacheableValueError",
    "UndeclaredAccessError",
    "UndoConflict",
    "UndoReport",
    "User",
    "UserAdministration",
    "Version",
    "ViewOnlyError",
    "WebOSError",
    "WebOSHookSpec",
    "accepts_large_body",
    "cache",
    "crud_router",
    "current_trace_id",
    "current_user",
    "data_access",
    "demand_own_hand",
    "demand_recent",
    "emits",
    "explain_access",
    "hookimpl",
    "require_permission",
    "require_recent",
    "rest_router",
    "step",
    "subscribe",
    "system_context",
]
