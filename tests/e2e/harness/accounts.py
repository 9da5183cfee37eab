# ruff: noqa: D101, D102, EM101, TRY003 - the stage of the browser tests, read beside them
"""People, and their sessions in memory."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from webos.kernel.context import Principal

COOKIE = "webos_session"


def person(username: str, name: str, roles: tuple[str, ...], grants: set[str]) -> Principal:
    return Principal(
        id=uuid5(NAMESPACE_URL, username),
        username=username,
        role_names=roles,
        grants=frozenset(grants),
        display_name=name,
    )


PEOPLE = {
    "ada": person("ada", "Ada Lovelace", ("Admin", "Buyer"), {"inventory.*", "analytics.*", "ops.*"}),
    "bob": person("bob", "Bob Martin", ("Viewer",), {"inventory.read"}),
}


@dataclass(frozen=True)
class HeldSession:
    principal: Principal
    session_id: str
    enrolling: bool = False


class MemorySessions:
    """Sessions by token. `fresh` says whether `peek` knows them without asking."""

    def __init__(self) -> None:
        self.held = {f"token-{name}": HeldSession(user, f"session-{name}") for name, user in PEOPLE.items()}
        self.fresh = True
        self.failing = False

    def peek(self, token: str) -> HeldSession | None:
        return self.held.get(token) if self.fresh else None

    async def resolve(self, token: str) -> HeldSession | None:
        if self.failing:
            raise ConnectionError("the session store is away")
        return self.held.get(token)
