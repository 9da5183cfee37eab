"""A mail server for tests, and what it got."""

import email
import email.header
import re
import socket
import threading
from dataclasses import dataclass
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from tests.integration.auth.site import Site


@dataclass(frozen=True)
class Received:
    """A mail that arrived."""

    to: str
    subject: str
    text: str
    html: str
    message: Message

    @property
    def code(self) -> str:
        """What the link carries."""
        found = re.search(r"http://\S+#(\S+)", self.text)
        assert found is not None, self.text
        return found[1]


class Mailbox:
    """Takes mail, or refuses it, or is away.

    Attributes:
        received: The mails, in their order.
        answer: What the server says to a mail.
        arrived: Set as soon as a mail has arrived.
    """

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.received: list[Received] = []
        self.answer = "250 OK"
        self.arrived = threading.Event()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """What `WEBOS_SMTP_URL` has to be."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Take mail from now on."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Take no connection any more."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail, or refuse it."""
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = email.message_from_bytes(envelope.content)
            parts = {part.get_content_type(): part.get_payload(decode=True) for part in message.walk()}
            text, html = (parts[f"text/{kind}"] for kind in ("plain", "html"))
            assert isinstance(text, bytes)
            assert isinstance(html, bytes)
            subject = str(email.header.make_header(email.header.decode_header(message["subject"])))
            self.received.append(Received(envelope.rcpt_tos[0], subject, text.decode(), html.decode(), message))
            self.arrived.set()
        return self.answer

    async def collect(self, site: Site) -> list[Received]:
        """Have the site send what is due, and return what has arrived since the last time."""
        assert site.auth.postman is not None
        await site.auth.postman.deliver_due()
        found, self.received = self.received, []
        return found
