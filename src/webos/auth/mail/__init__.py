"""Mail: written from templates, queued in the database, sent over SMTP. It knows no accounts."""

from webos.auth.mail.address import check_address, fold_address
from webos.auth.mail.letter import Letter, LetterPress
from webos.auth.mail.outbox import MailOutbox, Order
from webos.auth.mail.postman import Postman
from webos.auth.mail.server import SmtpServer

__all__ = [
    "Letter",
    "LetterPress",
    "MailOutbox",
    "Order",
    "Postman",
    "SmtpServer",
    "check_address",
    "fold_address",
]
