"""Where the database is, told without the account."""

import stat
from pathlib import Path
from string import printable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from webos.data.endpoint import Endpoint
from webos.kernel.errors import StartupError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mongodb://db.example.com", "db.example.com"),
        ("mongodb://u:p@db.example.com:27018/admin?replicaSet=rs0", "db.example.com:27018"),
        ("mongodb://u:p%40ss@a:1,b:2,c:3/?replicaSet=rs0", "a:1, b:2, c:3"),
        ("mongodb+srv://u:p@cluster.example.com", "cluster.example.com"),
        ("mongodb://[::1]:27017", "[::1]:27017"),
        ("mongodb://u:p@ss@host:1", "host:1"),
    ],
)
def test_address_of_a_url(url: str, address: str) -> None:
    """Hosts and ports of a URL can be shown; user, password and options are left out."""
    assert Endpoint.from_url(url).address == address


@pytest.mark.parametrize("url", ["mongodb://", "mongodb://u:pa/ss@host", "mongodb://u:pa?ss@host", "mongodb://a b"])
def test_invalid_url_is_not_quoted(url: str) -> None:
    """A URL that cannot be taken apart safely is refused without being repeated."""
    with pytest.raises(StartupError, match="percent-encoded") as caught:
        _ = Endpoint.from_url(url).address

    assert "ss@" not in str(caught.value)


@given(st.text(alphabet=printable, max_size=20))
def test_address_never_shows_the_password(raw: str) -> None:
    """Whatever characters a password has, escaped or not, nothing of it is shown."""
    password = f"SECRET{raw}SECRET"
    try:
        shown = Endpoint.from_url(f"mongodb://user:{password}@host:1/").address
    except StartupError as error:
        shown = str(error)

    assert "SECRET" not in shown


def test_file_is_private_and_complete(tmp_path: Path) -> None:
    """An endpoint comes back from its file as it was, and only its owner can read the file."""
    endpoint = Endpoint(host="127.0.0.1", port=4711, username="webos", password=SecretStr("opens"))

    endpoint.write(tmp_path / "endpoint.json")

    assert Endpoint.from_file(tmp_path / "endpoint.json") == endpoint
    assert stat.S_IMODE((tmp_path / "endpoint.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["endpoint.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"host": "secret-host"}', '{"port": "opens"'])
def test_damaged_file_is_not_quoted(tmp_path: Path, content: str) -> None:
    """A damaged file is named; what is in it is not repeated, for it may be the password."""
    (tmp_path / "endpoint.json").write_text(content)

    with pytest.raises(StartupError, match=r"endpoint\.json") as caught:
        Endpoint.from_file(tmp_path / "endpoint.json")

    assert "secret" not in str(caught.value)
    assert "opens" not in str(caught.value)


def test_repr_hides_secrets() -> None:
    """Neither form of an endpoint shows its secret when it is printed."""
    shown = repr([Endpoint.from_url("mongodb://u:opens@h"), Endpoint(username="u", password=SecretStr("opens"))])

    assert "opens" not in shown
