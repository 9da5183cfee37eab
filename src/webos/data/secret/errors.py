"""What can be wrong with a secret."""

from webos.kernel.errors import WebOSError

__all__ = ["SecretDamagedError", "SecretKeyMissingError", "SecretSealedError"]


class SecretKeyMissingError(WebOSError):
    """A value was encrypted with a key that this server does not have."""

    code = "webos.secret_key_missing"
    title = "This value cannot be shown, for its key is missing on the server"


class SecretDamagedError(WebOSError):
    """A stored value does not open: it was changed, or it was sealed for another document, field or owner."""

    code = "webos.secret_damaged"
    title = "This value cannot be shown, for it was damaged or moved"


class SecretSealedError(WebOSError):
    """Code asked a stored secret for its text; only the document's `reveal` opens it."""

    code = "webos.secret_sealed"
