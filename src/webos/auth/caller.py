"""Where a request comes from, for whatever it leads to: sessions and the record of sign-ins name it."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from webos.auth.device import LONGEST_USER_AGENT

__all__ = ["Caller", "ctx_caller", "current_caller"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of a connection.

    Attributes:
        scope: The ASGI scope of the connection; None outside of one.
    """

    scope: Mapping[str, Any] | None = None

    @property
    def address(self) -> str:
        """Address of the connection, never what a header claims; empty outside of one."""
        client = self.scope.get("client") if self.scope is not None else None
        return str(client[0]) if client else ""

    @property
    def user_agent(self) -> str:
        """What the browser or program says of itself."""
        for name, value in self.scope["headers"] if self.scope is not None else ():
            if name == b"user-agent":
                text: str = value.decode("latin-1")
                return text[:LONGEST_USER_AGENT]
        return ""


ctx_caller: ContextVar[Caller] = ContextVar("caller")


def current_caller() -> Caller:
    """Return where the running request or websocket event comes from; nowhere outside of one."""
    return ctx_caller.get(None) or Caller()
