"""Settings of accounts and mail."""

import pytest
from pydantic import SecretStr

from webos.kernel.errors import ConfigurationError
from webos.kernel.settings import Registration, load_settings


def test_defaults() -> None:
    """No mail, no registration, a year of records."""
    settings = load_settings(_env_file=None)
    assert (settings.smtp_url, settings.mail_from, settings.registration) == (None, None, Registration.OFF)
    assert settings.auth_events_days == 365


@pytest.mark.parametrize(
    "url", ["mail.test", "http://mail.test", "smtp://", "smtp://mail.test:x", "smtp://mail.test/path", "smtp://[x"]
)
def test_address_of_the_mail_server(url: str) -> None:
    """What is no address of a mail server is refused without repeating it: it may hold a password."""
    with pytest.raises(ConfigurationError, match="WEBOS_SMTP_URL") as caught:
        load_settings(_env_file=None, smtp_url=SecretStr(f"{url}#p4ss"), mail_from="a@b.test")
    assert "p4ss" not in str(caught.value)


def test_sender_is_needed() -> None:
    """A mail server without an address to send from is refused."""
    with pytest.raises(ConfigurationError, match="WEBOS_MAIL_FROM must be set"):
        load_settings(_env_file=None, smtp_url=SecretStr("smtp://mail.test"))


@pytest.mark.parametrize("address", ["tools", "a@b\nBcc: c@d", "Tools <a@b>", "a@b, c@d"])
def test_sender_is_an_address(address: str) -> None:
    """The sender is one bare address."""
    with pytest.raises(ConfigurationError, match="WEBOS_MAIL_FROM"):
        load_settings(_env_file=None, smtp_url=SecretStr("smtp://mail.test"), mail_from=address)


def test_registration_is_one_of_two() -> None:
    """Registration is `off` or `open`."""
    assert load_settings(_env_file=None, registration="open").registration is Registration.OPEN
    with pytest.raises(ConfigurationError, match="WEBOS_REGISTRATION"):
        load_settings(_env_file=None, registration="everybody")
