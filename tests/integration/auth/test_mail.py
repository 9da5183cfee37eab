"""Mail: kept until a real server has taken it, and written so that no header can be slipped in."""

import asyncio
import email
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger
from pydantic import SecretStr

from tests.integration.auth.mailbox import Mailbox
from tests.integration.auth.site import Site, build_site
from webos.auth.mail import Letter, LetterPress, SmtpServer, check_address
from webos.data.connection import Connection
from webos.kernel.errors import InvalidInputError

PRESS = LetterPress(brand="Acme Tools", sender="tools@acme.test", home="https://tools.acme.test")


def letter(**changes: object) -> Letter:
    return Letter(**({"to": "ada@acme.test", "subject": "Hello", "paragraphs": ("One.",)} | changes))  # type: ignore[arg-type]  # checked by the tests


async def test_text_and_html(mail_site: Site, mailbox: Mailbox) -> None:
    """A mail says the same in text and HTML, names the brand, and has what mail programs want."""
    await mail_site.auth.life.invite("ada@acme.test", inviter="<b>Eve</b> & Co")
    (mail,) = await mailbox.collect(mail_site)
    assert "<b>Eve</b> & Co invites you" in mail.text
    assert "&lt;b&gt;Eve&lt;/b&gt; &amp; Co invites you" in mail.html
    assert "src=" not in mail.html
    for name in ("From", "To", "Date", "Message-ID"):
        assert mail.message[name], name
    assert mail.message["Auto-Submitted"] == "auto-generated"


async def test_server_that_is_away_costs_nothing(mongo: Connection, mail_site: Site, mailbox: Mailbox) -> None:
    """What cannot be sent stays, is tried again with growing pauses, and arrives once when the server is back."""
    mailbox.stop()
    await mail_site.auth.life.ask_reset("anna")
    orders = mongo.raw["webos_mail"]
    pauses = []
    for _ in range(3):
        assert mail_site.auth.postman is not None
        assert await mail_site.auth.postman.deliver_due() == 1
        order = await orders.find_one()
        assert order is not None
        pauses.append((order["due_at"] - datetime.now(UTC)).total_seconds())
        await orders.update_one({}, {"$set": {"due_at": datetime.now(UTC)}})
    assert 3 < pauses[0] < pauses[1] < pauses[2] < 30
    mailbox.start()
    assert [mail.to for mail in await mailbox.collect(mail_site)] == ["anna@acme.test"]
    assert await orders.count_documents({}) == 0


async def test_mail_for_which_there_is_no_hope(mongo: Connection, mail_site: Site, mailbox: Mailbox) -> None:
    """What the server refuses for good is dropped; what it refuses for now is not; after two days nothing is tried."""
    for answer, left in (("550 no such user", 0), ("451 later", 1)):
        mailbox.answer = answer
        await mail_site.auth.life.ask_reset("anna")
        await mailbox.collect(mail_site)
        assert await mongo.raw["webos_mail"].count_documents({}) == left
    now = datetime.now(UTC)
    old = {"ordered_at": now - timedelta(days=3), "due_at": now}
    await mongo.raw["webos_mail"].update_many({}, {"$set": old})
    await mailbox.collect(mail_site)
    assert await mongo.raw["webos_mail"].count_documents({}) == 0


async def test_two_processes_send_once(mongo: Connection, mail_site: Site, mailbox: Mailbox) -> None:
    """Each mail is in the hands of one process at a time."""
    elsewhere = await build_site(mongo, mail_site.settings)
    for number in range(12):
        await mail_site.auth.life.invite(f"kim{number}@acme.test")
    await asyncio.gather(mailbox.collect(mail_site), mailbox.collect(elsewhere))
    assert mail_site.auth.postman is not None
    received = [*mailbox.received]
    assert await mail_site.auth.postman.deliver_due() == 0
    assert len({mail.to for mail in received}) == len(received)


async def test_mail_is_sent_in_the_background(mail_site: Site, mailbox: Mailbox) -> None:
    """The postman sends what is ordered without being asked, and at once."""
    assert mail_site.auth.postman is not None
    mail_site.auth.postman.start()
    await mail_site.auth.life.ask_reset("anna")
    assert await asyncio.to_thread(mailbox.arrived.wait, 30)
    await mail_site.auth.postman.stop()


async def test_log_names_no_code(mail_site: Site, mailbox: Mailbox) -> None:
    """Neither a mail that goes out nor one that fails leaves its link or address in the log."""
    lines: list[str] = []
    # The server of the test logs in the same process.
    sink = logger.add(
        lines.append, level=0, filter=lambda record: "aiosmtpd" not in str(record["extra"]) + str(record["name"])
    )
    try:
        await mail_site.auth.life.ask_reset("anna")
        (mail,) = await mailbox.collect(mail_site)
        mailbox.answer = "550 refused: anna@acme.test"
        await mail_site.auth.life.ask_reset("anna")
        await mailbox.collect(mail_site)
    finally:
        logger.remove(sink)
    text = "".join(lines)
    assert "was refused" in text
    assert mail.code not in text
    assert "anna@acme.test" not in text


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028"])
@pytest.mark.parametrize("field", ["subject", "name", "to"])
def test_no_header_can_be_slipped_in(field: str, end: str) -> None:
    """A line break in what becomes a header is refused, or stays within its header."""
    evil = f"ada@acme.test{end}Bcc: eve@evil.test" if field == "to" else f"Hello{end}Bcc: eve@evil.test"
    if field == "to":
        with pytest.raises(ValueError, match=r"address|linefeed|HeaderParse|Invalid|addr"):
            PRESS.print(letter(to=evil))
    else:
        assert headers(PRESS.print(letter(**{field: evil}))) == headers(PRESS.print(letter()))


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_in_headers(name: str, subject: str) -> None:
    """Whatever people are called, a mail has the headers of a mail and no others."""
    assert headers(PRESS.print(letter(name=name, subject=subject))) == headers(PRESS.print(letter()))


def headers(message: EmailMessage) -> list[str]:
    """Return the names of the headers as a mail server reads them."""
    return email.message_from_bytes(message.as_bytes()).keys()


@pytest.mark.parametrize(
    "address", ["a@b", "ada@acme.test", "ada.l+x@mail.example.com", " ada@acme.local ", "x@localhost"]
)
def test_addresses(address: str) -> None:
    """Internal hosts are fine."""
    assert check_address(address) == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@b",
        "a@",
        "a b@c.d",
        "a@b c",
        "a@b\nBcc: x@y",
        "a@b,c@d",
        "<a@b>",
        "a@-b",
        "a..b@c",
        "a@b..c",
        "ä@b.c",
        "x" * 65 + "@b.c",
        "a@" + "b." * 130 + "c",
        "a@b@c",
    ],
)
def test_no_addresses(address: str) -> None:
    """What is no address is refused, with a message at its field."""
    with pytest.raises(InvalidInputError) as caught:
        check_address(address)
    assert list(caught.value.fields) == ["email"]


@pytest.mark.parametrize(
    ("url", "port", "use_tls", "start_tls"),
    [
        ("smtp://mail.test", 25, False, None),
        ("smtp://mail.test:2525", 2525, False, None),
        ("smtp://ada:p%40ss@mail.test", 25, False, True),
        ("smtp://ada:p%40ss@127.0.0.1:2525", 2525, False, None),
        ("smtp://ada:p%40ss@localhost", 25, False, None),
        ("starttls://mail.test", 587, False, True),
        ("smtps://ada:p%40ss@mail.test", 465, True, False),
    ],
)
def test_servers(url: str, port: int, *, use_tls: bool, start_tls: bool | None) -> None:
    """The scheme decides on encryption; a password leaves the machine only encrypted, and shows in no `repr`."""
    server = SmtpServer.from_url(SecretStr(url))
    assert (server.port, server.use_tls, server.start_tls) == (port, use_tls, start_tls)
    if server.username:
        assert server.password == "p@ss"
    assert "p@ss" not in repr(server)


async def test_stopping_while_mail_is_sent(mail_site: Site, mailbox: Mailbox) -> None:
    """The server can be stopped at any moment of a delivery; nothing is left running."""
    postman = mail_site.auth.postman
    assert postman is not None
    for number in range(8):
        mailbox.arrived.clear()
        postman.start()
        await mail_site.auth.life.invite(f"kim{number}@acme.test")
        # With luck at another moment each time: before, while and after the mail server takes it.
        await asyncio.sleep(number / 400)
        async with asyncio.timeout(10):
            await postman.stop()
    assert not any(task.get_name() == "send mail" for task in asyncio.all_tasks())
