"""Who the user is: accounts, sessions, the identity middleware, permission checks.

It knows the kernel, the data layer, the events and the tasks, and nothing of the interface.
"""

from webos.auth.accounts import Account
from webos.auth.api_keys import ApiKey
from webos.auth.auth_log import AuthEvent, AuthEventKind, AuthLog
from webos.auth.bootstrap import ensure_administrator
from webos.auth.cookie import SessionCookie
from webos.auth.dependencies import CurrentUser, require, require_user
from webos.auth.errors import (
    AccountDisabledError,
    AccountNotFoundError,
    EmailTakenError,
    KeyNotValidError,
    LastAdministratorError,
    LinkNotValidError,
    MailNotSetUpError,
    RegistrationClosedError,
    SessionNeededError,
    SignInFailedError,
    SignInThrottledError,
    UsernameTakenError,
)
from webos.auth.factors.administration import FactorAdministration
from webos.auth.factors.errors import (
    EnrolmentNeededError,
    PasskeyRefusedError,
    SecondFactorNeededError,
    SecondFactorWrongError,
)
from webos.auth.factors.full_sessions import FullSessions
from webos.auth.factors.passkey_store import Passkey
from webos.auth.factors.store import StoredFactors
from webos.auth.groups import Group
from webos.auth.middleware import IdentityMiddleware, install_identity
from webos.auth.own_account import OwnAccount
from webos.auth.passwords import PasswordHasher
from webos.auth.permissions import require_permission
from webos.auth.required import collect_required
from webos.auth.resolver import SessionResolver, SignIn
from webos.auth.roles import Role
from webos.auth.routes import auth_router
from webos.auth.safe_next import safe_next
from webos.auth.secret_key import secret_key
from webos.auth.service import AuthService
from webos.auth.sessions import SessionRecord
from webos.auth.user_administration import UserAdministration
from webos.auth.watch import IdentityWatcher
from webos.auth.why import PermissionAnswer, PermissionSource

__all__ = [
    "Account",
    "AccountDisabledError",
    "AccountNotFoundError",
    "ApiKey",
    "AuthEvent",
    "AuthEventKind",
    "AuthLog",
    "AuthService",
    "CurrentUser",
    "EmailTakenError",
    "EnrolmentNeededError",
    "FactorAdministration",
    "FullSessions",
    "Group",
    "IdentityMiddleware",
    "IdentityWatcher",
    "KeyNotValidError",
    "LastAdministratorError",
    "LinkNotValidError",
    "MailNotSetUpError",
    "OwnAccount",
    "Passkey",
    "PasskeyRefusedError",
    "PasswordHasher",
    "PermissionAnswer",
    "PermissionSource",
    "RegistrationClosedError",
    "Role",
    "SecondFactorNeededError",
    "SecondFactorWrongError",
    "SessionCookie",
    "SessionNeededError",
    "SessionRecord",
    "SessionResolver",
    "SignIn",
    "SignInFailedError",
    "SignInThrottledError",
    "StoredFactors",
    "UserAdministration",
    "UsernameTakenError",
    "auth_router",
    "collect_required",
    "ensure_administrator",
    "install_identity",
    "require",
    "require_permission",
    "require_user",
    "safe_next",
    "secret_key",
]
