"""Under which names the server answers: a page must not be led astray by a name that somebody else chose."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from webos.kernel.errors import WebOSError

__all__ = ["HostNotKnownError", "KnownHosts"]

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_REMEMBERED = 100
_WITHOUT_NAME = frozenset({"/healthz", "/readyz"})


class HostNotKnownError(WebOSError):
    """The request is for a host that this server is not."""

    code = "webos.host_not_known"
    status = 400
    title = "This server does not answer under that name"


class KnownHosts:
    """Refuses requests for other hosts.

    Args:
        names: Host names; `*.example.com` stands for all below one. Any that is well-formed where empty.
        public_url: Address under which browsers reach the server, whose name always counts.
    """

    def __init__(self, names: Sequence[str], public_url: str | None) -> None:
        own = urlsplit(public_url or "").hostname or ""
        self._exact = {name for name in (*names, own) if name and not name.startswith("*")} if names else set()
        self._below = tuple(name[1:] for name in names if name.startswith("*"))
        self._any = not names
        self._found: set[bytes] = set()

    def demand(self, headers: Mapping[bytes, bytes], path: str) -> None:
        """Refuse a request for another host; whoever asks for the server's health may call it as he likes.

        Raises:
            HostNotKnownError: It is.
        """
        host = headers.get(b"host", b"")
        if host in self._found:
            return
        if not host and self._any:
            return
        if path in _WITHOUT_NAME:
            return
        if not _HOST.fullmatch(host) or not (self._any or self._knows(host.decode("ascii").lower())):
            raise HostNotKnownError
        if len(self._found) < _REMEMBERED:
            self._found.add(host)

    def _knows(self, host: str) -> bool:
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return name in self._exact or (bool(self._below) and name.endswith(self._below))
