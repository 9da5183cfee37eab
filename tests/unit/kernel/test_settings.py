"""The settings: where they come from, and what is said about wrong ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from webos.kernel.errors import ConfigurationError
from webos.kernel.settings import Environment, LogLevel, Settings, load_settings

pytestmark = pytest.mark.usefixtures("bare_environment")

# Variable, wrong value, and what the message must say of what is allowed.
WRONG = [
    ("WEBOS_HOST", " ", "address"),
    ("WEBOS_PORT", "http", "integer"),
    ("WEBOS_PORT", "0", "1"),
    ("WEBOS_PORT", "65536", "65535"),
    ("WEBOS_PORT", "80.5", "integer"),
    ("WEBOS_MONGO_URL", "http://localhost", "mongodb://"),
    ("WEBOS_MONGO_URL", "localhost:27017", "mongodb://"),
    ("WEBOS_MONGO_URL", "mongodb://[::1", "mongodb://"),
    ("WEBOS_TEST_MONGO_URL", "postgres://localhost", "mongodb://"),
    ("WEBOS_BROKER_URL", "redis://localhost", "must not be set"),
    ("WEBOS_BROKER_URL", "?", "must not be set"),
    ("WEBOS_DATABASE", "my data", "letters"),
    ("WEBOS_DATABASE", "a" * 39, "38"),
    ("WEBOS_DATABASE", "../x", "letters"),
    ("WEBOS_ADMIN_USERNAME", "Anna Smith", "letters"),
    ("WEBOS_ADMIN_PASSWORD", "short", "8 characters"),
    ("WEBOS_SECRET_KEY", "k" * 31, "32 bytes"),
    ("WEBOS_ENCRYPTION_KEYS", "new:c2hvcnQ=", "32 bytes"),
    ("WEBOS_SMTP_URL", "https://mail.example.com", "smtps://"),
    ("WEBOS_MAIL_FROM", "Tools <tools@example.com>", "tools@example.com"),
    ("WEBOS_REGISTRATION", "perhaps", "'open'"),
    ("WEBOS_AUTH_EVENTS_DAYS", "0", "1"),
    ("WEBOS_AUDIT_DAYS", "-1", "0"),
    ("WEBOS_CACHE_MB", "8", "16"),
    ("WEBOS_NOTICE_DAYS", "0", "1"),
    ("WEBOS_BRAND_NAME", " Acme", "40 characters"),
    ("WEBOS_BRAND_LOGO", "logo.html", "512 kB"),
    ("WEBOS_BRAND_COLOR", "green", "#rrggbb"),
    ("WEBOS_RATE_LIMIT", "often", "3000/minute"),
    ("WEBOS_RATE_LIMIT", "0/minute", "3000/minute"),
    ("WEBOS_RATE_LIMIT_STORE", "http://localhost", "redis://"),
    ("WEBOS_BODY_LIMIT_MB", "0", "1"),
    ("WEBOS_UPLOAD_LIMIT_MB", "0", "1"),
    ("WEBOS_TRUSTED_HOSTS", "https://tools.example.com", "tools.example.com"),
    ("WEBOS_TRUSTED_PROXIES", "proxy.internal", "10.0.0.0/8"),
    ("WEBOS_ENV", "prod", "'production'"),
    ("WEBOS_PUBLIC_URL", "tools.example.com", "https://"),
    ("WEBOS_PUBLIC_URL", "ftp://tools.example.com", "https://"),
    ("WEBOS_PUBLIC_URL", "https://", "https://"),
    ("WEBOS_PUBLIC_URL", "https://example.com/?a=b", "https://"),
    ("WEBOS_PUBLIC_URL", "https://anna:secret@example.com", "https://"),
    ("WEBOS_PUBLIC_URL", "https://example.com:port", "https://"),
    ("WEBOS_LOG_LEVEL", "verbose", "'WARNING'"),
    ("WEBOS_WORKER", "perhaps", "boolean"),
    ("WEBOS_SESSION_HOURS", "0", "1"),
    ("WEBOS_SESSION_HOURS", "1e9", "integer"),
]
# Any text is a path, and which modules there are is found out when they are loaded.
FREE = {"data_dir", "modules"}
SECRETS = {
    "mongo_url",
    "test_mongo_url",
    "admin_password",
    "secret_key",
    "broker_url",
    "encryption_keys",
    "smtp_url",
    "rate_limit_store",
}


@pytest.mark.parametrize(("variable", "value", "allowed"), WRONG)
def test_wrong_value_names_variable_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    """A wrong value gets one line that begins with the variable and says what is allowed."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    message = str(caught.value)
    assert message.startswith(f"{variable}: ")
    assert allowed in message
    assert "\n" not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_every_setting_has_a_wrong_value_here() -> None:
    """No setting is added without a test of what is said about a wrong value."""
    tested = {variable.removeprefix("WEBOS_").lower() for variable, _, _ in WRONG}
    assert tested | FREE == Settings.model_fields.keys()


def test_every_setting_is_described() -> None:
    """Each setting says in a sentence what it is for."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_all_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever mistyped three variables reads of all three."""
    for variable in ("WEBOS_PORT", "WEBOS_ENV", "WEBOS_LOG_LEVEL"):
        monkeypatch.setenv(variable, "?")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert [line.split(":", 1)[0] for line in str(caught.value).splitlines()] == [
        "WEBOS_PORT",
        "WEBOS_ENV",
        "WEBOS_LOG_LEVEL",
    ]


@pytest.mark.parametrize("name", sorted(SECRETS))
@given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=40))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_secret_value_is_never_repeated(name: str, value: str) -> None:
    """Neither an error message nor the settings' text shows the value of a secret, whatever it is."""
    secret = f"mongodb://anna:{value}x7Q@host" if name.endswith("mongo_url") else f"x7Q{value}"
    try:
        shown = load_settings(**{name: SecretStr(secret)})
    except ConfigurationError as error:
        text = str(error) + repr(error) + error.user_message
    else:
        text = repr(shown) + str(shown) + shown.model_dump_json()
    assert "x7Q" not in text


def test_a_password_that_confuses_the_url_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own message about an address it cannot read quotes it; ours does not."""
    monkeypatch.setenv("WEBOS_MONGO_URL", "mongodb://anna:pass\u2100word@host")
    with pytest.raises(ConfigurationError, match=r"^WEBOS_MONGO_URL: must begin with mongodb://") as caught:
        load_settings()
    assert "word" not in str(caught.value)


def test_values_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting is read from `WEBOS_` and its name."""
    monkeypatch.setenv("WEBOS_PORT", "9000")
    monkeypatch.setenv("WEBOS_ENV", "development")
    monkeypatch.setenv("WEBOS_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("WEBOS_WORKER", "no")
    monkeypatch.setenv("WEBOS_DATA_DIR", "somewhere/else")
    monkeypatch.setenv("WEBOS_MONGO_URL", "mongodb+srv://cluster.example.com")
    loaded = load_settings()
    assert loaded.port == 9000
    assert loaded.env is Environment.DEVELOPMENT
    assert loaded.log_level is LogLevel.DEBUG
    assert not loaded.worker
    assert loaded.data_dir == Path("somewhere/else")
    assert loaded.mongo_url == SecretStr("mongodb+srv://cluster.example.com")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """`WEBOS_MONGO_URL=` in a compose file means what leaving it out means."""
    for name in Settings.model_fields:
        monkeypatch.setenv(f"WEBOS_{name.upper()}", "")
    assert load_settings() == Settings.model_construct()


@pytest.mark.parametrize(
    ("value", "places"),
    [
        ("one", ("one",)),
        (os.pathsep.join(["one", "two/three", "package.modules"]), ("one", "two/three", "package.modules")),
        (os.pathsep.join(["", " one ", "", "two", ""]), ("one", "two")),
        ("with space", ("with space",)),
        (os.pathsep, ()),
        ('["one"]', ('["one"]',)),
    ],
)
def test_modules_are_a_list_as_in_path(monkeypatch: pytest.MonkeyPatch, value: str, places: tuple[str, ...]) -> None:
    """`WEBOS_MODULES` is split at the path separator; empty parts are passed over."""
    monkeypatch.setenv("WEBOS_MODULES", value)
    assert load_settings().modules == places


def test_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A `.env` in the working folder gives values, those of the environment go over them; other names are left alone."""
    (tmp_path / ".env").write_text(
        'WEBOS_PORT=9001\nWEBOS_DATABASE="shop"\nOTHER=1\nWEBOS_UNKNOWN=1\n', encoding="utf-8"
    )
    monkeypatch.setenv("WEBOS_PORT", "9002")
    loaded = load_settings()
    assert (loaded.port, loaded.database) == (9002, "shop")


def test_wrong_value_in_env_file_names_the_variable(tmp_path: Path) -> None:
    """A value of `.env` is checked as one of the environment is."""
    (tmp_path / ".env").write_text("WEBOS_PORT=eighty\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^WEBOS_PORT: "):
        load_settings()


def test_an_unreadable_env_file_is_named(tmp_path: Path) -> None:
    """A `.env` that is no text is a configuration error that names it and quotes nothing of it."""
    (tmp_path / ".env").write_bytes(b"WEBOS_ADMIN_PASSWORD=hunter2hunter2\xff\xfe\n")
    with pytest.raises(ConfigurationError, match=r"^\.env: ") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_overrides_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a caller gives wins over the environment, and is checked too."""
    monkeypatch.setenv("WEBOS_PORT", "9000")
    assert load_settings(port=9003).port == 9003
    with pytest.raises(ConfigurationError, match=r"^WEBOS_PORT: "):
        load_settings(port=-1)


@pytest.mark.parametrize("secret", ["k" * 40, "changeme" * 5, "abcabcab" * 4])
def test_production_refuses_a_secret_that_is_not_random(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """In production a key that somebody has typed is refused, and not repeated; a random one is taken."""
    monkeypatch.setenv("WEBOS_ENV", "production")
    monkeypatch.setenv("WEBOS_SECRET_KEY", secret)
    with pytest.raises(ConfigurationError, match="must be random") as caught:
        load_settings()
    assert secret not in str(caught.value)
    monkeypatch.setenv("WEBOS_SECRET_KEY", "8f2c1d9be07a43658f2c1d9be07a4365")
    assert load_settings().env is Environment.PRODUCTION


def test_production_refuses_a_missing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """In production no key is made up: several processes would each have their own."""
    monkeypatch.setenv("WEBOS_ENV", "production")
    with pytest.raises(ConfigurationError, match=r"^WEBOS_SECRET_KEY must be set when WEBOS_ENV=production$"):
        load_settings()
    monkeypatch.setenv("WEBOS_SECRET_KEY", "8f2c1d9be07a43658f2c1d9be07a4365")
    assert load_settings().env is Environment.PRODUCTION


def test_secret_key_is_measured_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen letters of two bytes each are enough."""
    monkeypatch.setenv("WEBOS_SECRET_KEY", "ä" * 16)
    assert load_settings().secret_key is not None


def test_settings_cannot_be_changed() -> None:
    """The settings of a process stay what they were at its start."""
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]  # that it is refused is what is tested


@pytest.mark.parametrize(
    ("values", "origin"),
    [
        ({}, "http://localhost:8080"),
        ({"host": "0.0.0.0", "port": 80}, "http://localhost:80"),  # noqa: S104 - compared, not bound
        ({"host": "::"}, "http://localhost:8080"),
        ({"host": "::1"}, "http://[::1]:8080"),
        ({"host": "192.0.2.7"}, "http://192.0.2.7:8080"),
        ({"public_url": "https://tools.example.com/"}, "https://tools.example.com"),
        ({"public_url": "https://tools.example.com:8443/webos"}, "https://tools.example.com:8443"),
    ],
)
def test_origin_is_what_browsers_send(values: dict[str, object], origin: str) -> None:
    """The origin follows the public address, else host and port."""
    assert load_settings(**values).origin == origin


def test_a_process_with_a_wrong_setting_ends_without_a_traceback(tmp_path: Path) -> None:
    """Whoever starts the server with a wrong value reads one line."""
    ended = subprocess.run(
        [sys.executable, "-c", "from webos.cli.main import main; main()", "run"],
        env={**os.environ, "WEBOS_PORT": "eighty", "WEBOS_MONGO_URL": "http://anna:x7Q@host"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "WEBOS_PORT: " in ended.stderr
    assert "WEBOS_MONGO_URL: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "x7Q" not in ended.stderr + ended.stdout
