"""What proxies say of the connections they pass on, where they are trusted."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from starlette.types import Scope

__all__ = ["TrustedProxies"]


class TrustedProxies:
    """Takes the address of the browser, its scheme and the host it asked for from the headers of trusted proxies.

    Args:
        networks: Their addresses or networks; from all others these headers say nothing.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(network) for network in networks]

    def apply(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Correct a scope and its headers, where the connection comes from a trusted proxy.

        Args:
            scope: The ASGI scope.
            headers: Its headers by name, in lower case.
        """
        client = scope.get("client")
        if not self._networks or not client or not self._trusts(str(client[0])):
            return
        address = self._origin(scope)
        if address is not None:
            scope["client"] = (address, 0)
        scheme = headers.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()
        if scheme in {"http", "https"}:
            secure = scheme == "https"
            scope["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else scheme
        host = headers.get(b"x-forwarded-host", b"").strip()
        if host:
            headers[b"host"] = host
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"host"] + [(b"host", host)]

    def _origin(self, scope: Mapping[str, Any]) -> str | None:
        """Return the nearest address that is no trusted proxy: what stands before it anybody may have written."""
        named = [
            part.strip()
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
            for part in value.decode("latin-1").split(",")
        ]
        for text in reversed(named):
            address = _parsed(text)
            if address is None:
                return None
            if not self._trusts(str(address)):
                return str(address)
        return None

    def _trusts(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._networks)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
