"""Settings of the process, from the environment (`WEBOS_*`) and a `.env` file."""

import os
import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from webos.kernel.brand_settings import BrandSettings
from webos.kernel.edge_settings import EdgeSettings, scheme_of
from webos.kernel.errors import ConfigurationError

__all__ = ["Environment", "LogLevel", "Registration", "Settings", "load_settings"]

_ENV_FILE = ".env"
_MIN_SECRET_BYTES = 32
# Of 32 random characters hardly ever fewer than eight differ, even of hexadecimal ones.
_FEWEST_DIFFERENT = 8
# 32 bytes are 43 characters, of which the last one carries four bits.
_ENCRYPTION_KEY = re.compile(r"[A-Za-z0-9]{1,32}:[A-Za-z0-9+/_-]{42}[AEIMQUYcgkosw048]=?")
_MAIL_ADDRESS = re.compile(r"[^@\s<>,;:\"]+@[A-Za-z0-9.-]+")


class Environment(Enum):
    """How strict the process is about its configuration."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogLevel(Enum):
    """The lowest level that is logged."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Registration(Enum):
    """Who may make an account for himself."""

    OFF = "off"
    OPEN = "open"


class Settings(BrandSettings, EdgeSettings):
    """All settings; each is read from `WEBOS_` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="WEBOS_",
        env_file=_ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    host: str = Field(
        default="127.0.0.1", pattern=r"^\S+$", description="Name or address to listen on, without spaces."
    )
    port: int = Field(default=8080, ge=1, le=65535, description="Port to listen on.")
    data_dir: Path = Field(
        default=Path("data"), description="Folder for everything the process keeps: database, secrets, files."
    )
    mongo_url: SecretStr | None = Field(
        default=None,
        description="MongoDB replica set to use, `mongodb://...`. Without it a local server is started.",
    )
    database: str = Field(
        default="webos",
        pattern=r"^[A-Za-z0-9_-]{1,38}$",
        description="Name of the database to use: up to 38 letters, digits, `-` and `_`.",
    )
    broker_url: SecretStr | None = Field(
        default=None,
        description="Not to be set: tasks and events go through the database; there is no other broker yet.",
    )
    modules: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Folders or packages with modules, added to the standard ones, separated by the path separator.",
    )
    admin_username: str = Field(
        default="admin",
        pattern=r"^[A-Za-z0-9._@-]{1,64}$",
        description="Name of the first administrator: up to 64 letters, digits and `._@-`.",
    )
    admin_password: SecretStr | None = Field(
        default=None,
        description="Password of the first administrator. Without it a random one is printed once, at the first start.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Key that signs what browsers keep, at least 32 bytes. Without it one is made and kept in the data folder.",
    )
    encryption_keys: SecretStr | None = Field(
        default=None,
        description="Keys of secret fields, `id:base64` of 32 bytes each, separated by commas; the first is for new values. "
        "Without it one is made and kept in the data folder.",
    )
    env: Environment = Field(
        default=Environment.DEVELOPMENT, description="`development` or `production`; the latter refuses weak set-ups."
    )
    public_url: str | None = Field(
        default=None, description="Address under which browsers reach the server, where it differs from host and port."
    )
    log_level: LogLevel = Field(default=LogLevel.INFO, description="The lowest level that is logged.")
    worker: bool = Field(default=True, description="Whether the web process also runs background tasks.")
    session_hours: int = Field(default=24 * 7, ge=1, le=24 * 365, description="Hours until a sign-in ends.")
    registration: Registration = Field(
        default=Registration.OFF,
        description="`open` lets anybody with an e-mail address make an account, `off` nobody.",
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server, `smtp://user:password@host:port`, `smtps://` or `starttls://`. Without it no mail is sent.",
    )
    mail_from: str | None = Field(
        default=None, description="Address that mail comes from; needed where `WEBOS_SMTP_URL` is set."
    )
    auth_events_days: int = Field(
        default=365, ge=1, le=36500, description="Days for which sign-ins and changes of accounts are kept on record."
    )
    audit_days: int = Field(
        default=730, ge=0, le=36500, description="Days that the record of changes reaches back; 0 keeps it for ever."
    )
    notice_days: int = Field(
        default=90, ge=1, le=3650, description="Days for which a user's notifications are kept; the newest 200 of each."
    )
    cache_mb: int = Field(
        default=512, ge=16, le=1024 * 1024, description="Megabytes that the cache may take on the disk of a host."
    )
    test_mongo_url: SecretStr | None = Field(
        default=None, description="MongoDB replica set for the test suite instead of the embedded server."
    )

    @field_validator("modules", mode="before")
    @classmethod
    def _split_modules(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(os.pathsep) if part.strip())
        return value

    @field_validator("mongo_url", "test_mongo_url")
    @classmethod
    def _check_mongo_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and scheme_of(value.get_secret_value()) not in {"mongodb", "mongodb+srv"}:
            msg = "must begin with mongodb:// or mongodb+srv://"
            raise ValueError(msg)
        return value

    @field_validator("smtp_url")
    @classmethod
    def _check_smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_smtp_url(value.get_secret_value()):
            msg = "must be smtp://, smtps:// or starttls:// with a host, such as smtps://user:password@mail.example.com"
            raise ValueError(msg)
        return value

    @field_validator("mail_from")
    @classmethod
    def _check_mail_from(cls, value: str | None) -> str | None:
        if value is not None and not _MAIL_ADDRESS.fullmatch(value):
            msg = "must be an address such as tools@example.com"
            raise ValueError(msg)
        return value

    @field_validator("broker_url")
    @classmethod
    def _refuse_broker(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            msg = "must not be set: there is no broker other than the database yet, and nothing would be sent to it"
            raise ValueError(msg)
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _is_public_url(value):
            msg = "must be an address such as https://tools.example.com"
            raise ValueError(msg)
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _check_secret_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < _MIN_SECRET_BYTES:
            msg = f"must have at least {_MIN_SECRET_BYTES} bytes"
            raise ValueError(msg)
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _check_encryption_keys(cls, value: SecretStr | None) -> SecretStr | None:
        parts = [] if value is None else [part.strip() for part in value.get_secret_value().split(",")]
        names = [part.partition(":")[0] for part in parts]
        if not all(_ENCRYPTION_KEY.fullmatch(part) for part in parts) or len(names) != len(set(names)):
            msg = "must be id:base64 for each key, with an id of its own of letters and digits, and 32 bytes"
            raise ValueError(msg)
        return value

    @field_validator("admin_password")
    @classmethod
    def _check_admin_password(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 8:  # noqa: PLR2004 - NIST SP 800-63B, 5.1.1.1
            msg = "must have at least 8 characters"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _check_production(self) -> "Settings":
        if self.env is Environment.PRODUCTION and self.secret_key is None:
            msg = "WEBOS_SECRET_KEY must be set when WEBOS_ENV=production"
            raise ValueError(msg)
        secret = self.secret_key.get_secret_value() if self.secret_key is not None else ""
        if self.env is Environment.PRODUCTION and len(set(secret)) < _FEWEST_DIFFERENT:
            msg = "WEBOS_SECRET_KEY must be random when WEBOS_ENV=production; make one with openssl rand -hex 32"
            raise ValueError(msg)
        if self.smtp_url is not None and self.mail_from is None:
            msg = "WEBOS_MAIL_FROM must be set when WEBOS_SMTP_URL is"
            raise ValueError(msg)
        return self

    @property
    def origin(self) -> str:
        """Scheme, host and port under which browsers reach the server."""
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            return f"{parts.scheme}://{parts.netloc}"
        host = "localhost" if self.host in {"0.0.0.0", "::", "127.0.0.1"} else self.host  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - values of any setting
    """Read the settings from the environment and `.env`.

    Args:
        overrides: Values that win over the environment, by field name.

    Raises:
        ConfigurationError: One line for each wrong value: the variable, what is wrong, what is allowed.
            Values are not repeated, for they may be secrets.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [_explain(dict(problem)) for problem in error.errors()]
        raise ConfigurationError("\n".join(lines)) from None
    except (OSError, UnicodeError) as error:
        # The text of the error may quote the file.
        msg = f"{_ENV_FILE}: the file cannot be read as UTF-8 text ({type(error).__name__})"
        raise ConfigurationError(msg) from None


def _explain(problem: dict[str, Any]) -> str:
    location = problem["loc"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not location:
        return message
    name = str(location[0])
    field = Settings.model_fields.get(name)
    purpose = f" ({field.description})" if field is not None and field.description else ""
    return f"WEBOS_{name.upper()}: {message}{purpose}"


def _is_smtp_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or parts.path.strip("/"))
    return usable and bare and parts.scheme in {"smtp", "smtps", "starttls"} and bool(parts.hostname)


def _is_public_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or "@" in parts.netloc)
    return usable and bare and parts.scheme in {"http", "https"} and bool(parts.hostname)
