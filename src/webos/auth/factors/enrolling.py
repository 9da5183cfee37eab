"""What somebody may ask for whose role needs a second factor and who has none yet."""

__all__ = ["ENROLMENT", "may_be_asked_by_enrolling"]

ENROLMENT = "/auth/factors"
"""Where second factors are set up."""

_OPEN = frozenset({ENROLMENT, "/auth/logout", "/auth/me", "/auth/confirm", "/auth/confirm/passkey"})


def may_be_asked_by_enrolling(path: str) -> bool:
    """Return whether a path leads to a second factor, or out.

    Args:
        path: Below the path the server is mounted under.
    """
    return path in _OPEN or path.startswith(f"{ENROLMENT}/")
