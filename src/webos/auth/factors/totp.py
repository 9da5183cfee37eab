"""Codes of authenticator apps (RFC 6238): which of them is right, and how an app gets to know the secret."""

import hmac
from datetime import datetime
from io import BytesIO

import pyotp
import segno

__all__ = ["CODE_LENGTH", "app_address", "code_at", "is_code", "new_secret", "qr_code", "step_of"]

CODE_LENGTH = 6
"""Digits of a code."""

_SECONDS = 30
_DRIFT = 1
_SCALE = 5


def new_secret() -> str:
    """Return a random secret of 160 bits, in base 32."""
    return pyotp.random_base32()


def is_code(text: str) -> bool:
    """Return whether a text looks like a code; spaces do not count."""
    bare = text.replace(" ", "")
    return len(bare) == CODE_LENGTH and bare.isascii() and bare.isdigit()


def code_at(secret: str, at: datetime) -> str:
    """Return the code of a secret at a time."""
    return pyotp.TOTP(secret).at(at)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """Return the time step that a code belongs to, the present one or a neighbour; None where it is wrong.

    Args:
        secret: The secret.
        code: What was entered.
        at: The present time.
    """
    if not is_code(code):
        return None
    bare = code.replace(" ", "")
    app = pyotp.TOTP(secret)
    present = int(at.timestamp()) // _SECONDS
    found = None
    for step in range(present - _DRIFT, present + _DRIFT + 1):
        # All are compared, so that the time it takes tells nothing.
        if hmac.compare_digest(app.generate_otp(step), bare):
            found = step
    return found


def app_address(secret: str, username: str, brand: str) -> str:
    """Return the `otpauth://` address that an app reads from the QR code.

    Args:
        secret: The secret.
        username: Whose it is.
        brand: Name of the product.
    """
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=brand)


def qr_code(text: str) -> str:
    """Return a QR code as an SVG element without styles or scripts, dark on white whatever the theme."""
    image = BytesIO()
    segno.make(text, error="m").save(
        image, kind="svg", scale=_SCALE, border=3, dark="#000", light="#fff", xmldecl=False, svgns=True, omitsize=True
    )
    return image.getvalue().decode("utf-8").strip()
