"""`webos user` and `webos role`."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

import pytest
from typer.testing import CliRunner, Result

from tests.integration.auth.site import PASSWORD, cheap_hasher
from webos.auth import (
    Account,
    AccountNotFoundError,
    AuthService,
    EmailTakenError,
    LastAdministratorError,
    SignInFailedError,
    UsernameTakenError,
)
from webos.cli.main import build_cli
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.kernel.errors import InvalidInputError, NotFoundError
from webos.kernel.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def database(mongo_endpoint: Endpoint) -> Iterator[str]:
    """Yield the name of a fresh database."""
    name = f"test_{token_hex(8)}"
    yield name

    async def drop() -> None:
        connection = await Connection.open(mongo_endpoint, name)
        await connection.client.drop_database(name)
        await connection.close()

    asyncio.run(drop())


@pytest.fixture
def run(mongo_endpoint: Endpoint, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs one command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEBOS_MONGO_URL", address(mongo_endpoint))
    monkeypatch.setenv("WEBOS_DATABASE", database)
    monkeypatch.setattr("webos.auth.service.PasswordHasher", cheap_hasher)

    def invoke(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(build_cli(), list(arguments), input=given)

    return invoke


def address(endpoint: Endpoint) -> str:
    if endpoint.url is not None:
        return endpoint.url.get_secret_value()
    password = endpoint.password.get_secret_value() if endpoint.password else ""
    account = f"{quote(endpoint.username or '')}:{quote(password)}@" if endpoint.username else ""
    return f"mongodb://{account}{endpoint.host}:{endpoint.port}/?directConnection=true"


def signs_in(endpoint: Endpoint, database: str, username: str, password: str) -> bool:
    async def attempt() -> bool:
        connection = await Connection.open(endpoint, database)
        auth = AuthService(connection, Settings(_env_file=None), hasher=cheap_hasher())
        try:
            await auth.sign_in(username, password, address="10.0.0.1")
        except SignInFailedError:
            return False
        finally:
            await connection.close()
        return True

    return asyncio.run(attempt())


def find(endpoint: Endpoint, database: str, username: str) -> Account | None:
    async def look() -> Account | None:
        connection = await Connection.open(endpoint, database)
        try:
            return await AuthService(connection, Settings(_env_file=None)).find_user(username)
        finally:
            await connection.close()

    return asyncio.run(look())


def test_user_with_a_role_is_made_and_signs_in(mongo_endpoint: Endpoint, database: str, run: Run) -> None:
    """A role, then a user who has it; the password comes from standard input and is not shown."""
    made = run("role", "set", "clerk", "shop.read", "stock.*")
    assert (made.exit_code, made.output) == (0, "Role clerk permits shop.read, stock.*.\n")
    created = run(
        "user", "create", "Anna", "--role", "clerk", "--grant", "a.b", "--grant", "c.*", "--password-stdin",
        given=f"{PASSWORD}\nmore\n",
    )  # fmt: skip
    assert (created.exit_code, created.output) == (0, "User Anna was created.\n")
    account = find(mongo_endpoint, database, "anna")
    assert account is not None
    assert (account.roles, account.grants, account.is_superuser) == (("clerk",), ("a.b", "c.*"), False)
    assert signs_in(mongo_endpoint, database, "anna", PASSWORD)


def test_password_is_asked_for_twice(mongo_endpoint: Endpoint, database: str, run: Run) -> None:
    """Without the option it is asked for, unseen, until both entries are equal."""
    created = run("user", "create", "root", "--superuser", given=f"{PASSWORD}\nother one\n{PASSWORD}\n{PASSWORD}\n")
    assert created.exit_code == 0
    assert PASSWORD not in created.output
    account = find(mongo_endpoint, database, "root")
    assert account is not None
    assert account.is_superuser
    assert signs_in(mongo_endpoint, database, "root", PASSWORD)


def test_lists(run: Run) -> None:
    """Users and roles are listed in columns."""
    run("role", "set", "clerk", "shop.read")
    run("user", "create", "bob", "--role", "clerk", "--password-stdin", given=PASSWORD)
    run("user", "create", "Anna", "--display-name", "Anna A.", "--superuser", "--password-stdin", given=PASSWORD)
    run("user", "disable", "bob")
    assert [line.split() for line in run("user", "list").output.splitlines()] == [
        ["NAME", "DISPLAY", "NAME", "ROLES", "GRANTS", "E-MAIL", "STATE"],
        ["Anna", "Anna", "A.", "everything"],
        ["bob", "clerk", "disabled"],
    ]
    assert run("role", "list").output.splitlines()[1].split() == ["clerk", "shop.read"]


def test_password_is_changed(mongo_endpoint: Endpoint, database: str, run: Run) -> None:
    """After `password` only the new one is good."""
    run("user", "create", "anna", "--password-stdin", given=PASSWORD)
    changed = run("user", "password", "ANNA", "--password-stdin", given="another horse\n")
    assert (changed.exit_code, changed.output) == (
        0,
        "User anna has a new password and was signed out everywhere.\n",
    )
    assert not signs_in(mongo_endpoint, database, "anna", PASSWORD)
    assert signs_in(mongo_endpoint, database, "anna", "another horse")


def test_user_is_shut_out_and_let_in(mongo_endpoint: Endpoint, database: str, run: Run) -> None:
    """`disable` refuses the right password, `enable` takes it again."""
    run("user", "create", "anna", "--password-stdin", given=PASSWORD)
    assert run("user", "disable", "anna").exit_code == 0
    assert not signs_in(mongo_endpoint, database, "anna", PASSWORD)
    assert run("user", "enable", "anna").exit_code == 0
    assert signs_in(mongo_endpoint, database, "anna", PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "given", "error", "text"),
    [
        (("user", "create", "ROOT", "--password-stdin"), PASSWORD, UsernameTakenError, "ROOT is taken"),
        (("user", "create", "a b", "--password-stdin"), PASSWORD, InvalidInputError, "username: Use 1 to 64"),
        (("user", "create", "bob", "--password-stdin"), "short", InvalidInputError, "password: Use at least 8"),
        (("user", "create", "bob", "--role", "x", "--password-stdin"), PASSWORD, InvalidInputError, "no role x"),
        (("user", "password", "nobody"), None, AccountNotFoundError, "no user nobody"),
        (("user", "disable", "root"), None, LastAdministratorError, "last administrator"),
        (("role", "set", "clerk", "Shop"), None, InvalidInputError, "permissions: 'Shop' is neither"),
    ],
)
def test_mistakes_are_explained(
    run: Run, arguments: tuple[str, ...], given: str | None, error: type[Exception], text: str
) -> None:
    """What cannot be done is an error of ours with a sentence that says why."""
    run("user", "create", "root", "--superuser", "--password-stdin", given=PASSWORD)
    result = run(*arguments, given=given)
    assert result.exit_code == 1
    assert isinstance(result.exception, error)
    assert text in str(result.exception)


def test_invitation_link(run: Run, mongo_endpoint: Endpoint, database: str) -> None:
    """Without a mail server `invite` prints the link, and it makes an account with the roles it names."""
    run("role", "set", "clerk", "shop.read")
    done = run("user", "invite", "kim@acme.test", "--role", "clerk", "--grant", "shop.write")
    assert done.exit_code == 0, done.output
    link = done.stdout.strip()
    assert link.startswith("http://localhost:8080/auth/join#")

    async def join() -> Account | None:
        connection = await Connection.open(mongo_endpoint, database)
        auth = AuthService(connection, Settings(_env_file=None), hasher=cheap_hasher())
        await auth.life.join(link.partition("#")[2], "kim", PASSWORD)
        account = await auth.find_user("kim")
        await connection.close()
        return account

    account = asyncio.run(join())
    assert account is not None
    assert (account.roles, account.grants, account.email) == (("clerk",), ("shop.write",), "kim@acme.test")
    again = run("user", "invite", "KIM@acme.test")
    assert isinstance(again.exception, EmailTakenError)


def test_invitation_by_mail(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a mail server the running server sends the invitation, and no link is printed unless asked for."""
    monkeypatch.setenv("WEBOS_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("WEBOS_MAIL_FROM", "tools@acme.test")
    assert "#" not in run("user", "invite", "kim@acme.test").stdout
    assert "/auth/join#" in run("user", "invite", "kim@acme.test", "--link").stdout


def test_reset_link_and_address(run: Run, mongo_endpoint: Endpoint, database: str) -> None:
    """`reset-link` prints a link that changes the password; `email` sets and removes the address."""
    run("user", "create", "ada", "--password-stdin", given=PASSWORD)
    link = run("user", "reset-link", "ada").stdout.strip()

    async def reset() -> None:
        connection = await Connection.open(mongo_endpoint, database)
        auth = AuthService(connection, Settings(_env_file=None), hasher=cheap_hasher())
        await auth.life.reset(link.partition("#")[2], "another horse")
        await connection.close()

    asyncio.run(reset())
    assert signs_in(mongo_endpoint, database, "ada", "another horse")
    assert run("user", "email", "ada", "ada@acme.test").exit_code == 0
    assert "ada@acme.test" in run("user", "list").stdout
    assert isinstance(run("user", "email", "ada", "nonsense").exception, InvalidInputError)
    assert run("user", "email", "ada", "").exit_code == 0
    assert "ada@acme.test" not in run("user", "list").stdout


def test_keys_of_a_service_account(run: Run) -> None:
    """A service account needs no password; its key is printed once, listed without its secret, and revoked."""
    assert run("user", "create", "robot", "--service", "--grant", "shop.*").exit_code == 0
    assert "service" in run("user", "list").stdout
    made = run("user", "key", "create", "robot", "shop.read", "--label", "nightly", "--days", "0")
    key = made.stdout.strip()
    assert key.startswith("wbs_")
    listed = run("user", "key", "list", "robot").stdout
    assert key not in listed
    row = listed.splitlines()[1].split()
    assert row[1:] == ["nightly", f"{key[:10]}...", "shop.read", "never", "never"]
    assert run("user", "key", "revoke", row[0]).exit_code == 0
    assert isinstance(run("user", "key", "revoke", row[0]).exception, NotFoundError)
    assert isinstance(run("user", "key", "create", "robot", "Shop").exception, InvalidInputError)


def test_deleting_and_signing_out(run: Run, mongo_endpoint: Endpoint, database: str) -> None:
    """`delete` asks first and takes the account away; `sign-out` ends sessions and leaves the account."""
    run("user", "create", "ada", "--password-stdin", given=PASSWORD)
    assert run("user", "sign-out", "ada").exit_code == 0
    assert run("user", "delete", "ada", given="n\n").exit_code == 1
    assert signs_in(mongo_endpoint, database, "ada", PASSWORD)
    assert run("user", "delete", "ada", "--yes").exit_code == 0
    assert not signs_in(mongo_endpoint, database, "ada", PASSWORD)
