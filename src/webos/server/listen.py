"""The socket the server listens on, opened before anything else is started."""

import errno
import socket

from webos.kernel.errors import StartupError
from webos.kernel.settings import Settings

__all__ = ["listen"]

_BACKLOG = 2048
_REASONS = {
    errno.EADDRINUSE: "is in use by another program. Stop that program, or choose another port with WEBOS_PORT or --port",
    errno.EACCES: "may not be opened by this user; ports below 1024 often may not. Choose another one with WEBOS_PORT or --port",
    errno.EPERM: "may not be opened by this user. Choose another one with WEBOS_PORT or --port",
    errno.EADDRNOTAVAIL: "does not belong to this machine. Choose another address with WEBOS_HOST or --host",
}


def listen(settings: Settings) -> socket.socket:
    """Open the socket; connections that come before the web process takes them wait.

    Args:
        settings: Host and port.

    Raises:
        StartupError: The address cannot be listened on; the message names the setting to change.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        msg = f"WEBOS_HOST: the name {host!r} cannot be resolved. Use an address of this machine, such as 127.0.0.1 or 0.0.0.0."
        raise StartupError(msg) from None
    # `localhost` has both; browsers and proxies expect the older one.
    family, kind, protocol, _, address = min(found, key=lambda info: info[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = _REASONS.get(error.errno or 0, f"cannot be listened on: {error.strerror}")
        msg = f"Port {port} of {host} {reason}."
        raise StartupError(msg) from None
    return listener
