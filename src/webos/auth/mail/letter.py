"""What a mail says, and how it becomes a message in text and HTML."""

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid

from jinja2 import Environment, PackageLoader

__all__ = ["Letter", "LetterPress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail to one person.

    Attributes:
        to: Address of the person.
        name: Name of the person, empty where it is not known.
        subject: Subject, without the brand.
        paragraphs: What it says.
        button: What the link does; empty without one.
        link: Where the link goes.
        code: What the link carries, to be entered by hand where a browser runs no JavaScript.
        closing: What stands below the link.
    """

    to: str
    name: str = ""
    subject: str
    paragraphs: tuple[str, ...]
    button: str = ""
    link: str = ""
    code: str = ""
    closing: tuple[str, ...] = ()


class LetterPress:
    """Makes messages of letters, in the look of the product.

    Args:
        brand: Name of the product.
        sender: Address that mail comes from.
        home: Address of the product, for the foot of the mail.
    """

    def __init__(self, *, brand: str, sender: str, home: str) -> None:
        self._brand = brand
        self._sender = sender
        self._home = home
        loader = PackageLoader("webos.auth", "templates/mail")
        self._html = Environment(loader=loader, autoescape=True, trim_blocks=True).get_template("letter.html")
        self._text = Environment(loader=loader, autoescape=False, trim_blocks=True).get_template("letter.txt")  # noqa: S701 - plain text has no markup

    def print(self, letter: Letter) -> EmailMessage:
        """Return the message of a letter; a line break in a name or subject adds no header of its own.

        Raises:
            ValueError: The recipient's address is none.
        """
        message = EmailMessage()
        message["From"] = Address(self._brand, addr_spec=self._sender)
        message["To"] = Address(_line(letter.name), addr_spec=letter.to)
        message["Subject"] = _line(f"{letter.subject} · {self._brand}")
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        # Out-of-office robots leave mail alone that says so.
        message["Auto-Submitted"] = "auto-generated"
        values = {"brand": self._brand, "home": self._home, "letter": letter}
        message.set_content(self._text.render(values))
        message.add_alternative(self._html.render(values), subtype="html")
        return message


def _line(text: str) -> str:
    """Return a text without what would end its header."""
    return "".join(character if character.isprintable() else " " for character in text)
