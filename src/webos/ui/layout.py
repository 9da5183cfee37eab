"""The main layout's named slots, and what modules put into them (§6 of the specification)."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from webos.kernel.context import User
from webos.kernel.errors import ConfigurationError

__all__ = ["SLOTS", "Action", "Component", "LayoutManager", "Search", "SlotBuilder"]

SlotBuilder = Callable[[], Any]
"""Builds a piece of the interface where it is called, with NiceGUI's elements; sync or async."""

SLOTS = ("sidebar", "topbar", "footer", "dashboard_widget", "user_menu", "admin_widget")
"""The slots: below the navigation, in the top bar, below the page, on the home page, in the user's menu, on the admin panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Something in a slot.

    Attributes:
        builder: Builds it.
        title: Heading of a widget; empty for none.
        order: Place in the slot, the smallest first.
        permission: What seeing it needs; any signed-in user where empty.
        owner: Name of the module it belongs to.
    """

    builder: SlotBuilder
    title: str = ""
    order: int = 0
    permission: str | None = None
    owner: str = ""

    def is_visible_to(self, user: User) -> bool:
        """Return whether `user` gets to see it."""
        return user.is_authenticated and (not self.permission or user.has_permission(self.permission))


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something the command palette can do.

    Attributes:
        id: Unique name.
        title: What it does, as a command.
        handler: Does it, in the tab that asked.
        icon: Name of a Material icon.
        permission: What doing it needs; any signed-in user where empty.
        keywords: Further words it is found by.
        owner: Name of the module it belongs to.
    """

    id: str
    title: str
    handler: Callable[[], Any]
    icon: str = "bolt"
    permission: str | None = None
    keywords: str = ""
    owner: str = ""

    def is_visible_to(self, user: User) -> bool:
        """Return whether `user` may run it."""
        return user.is_authenticated and (not self.permission or user.has_permission(self.permission))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Something that finds more for the palette while somebody types.

    Attributes:
        handler: Returns what it finds for what was typed.
        permission: What being asked needs; any signed-in user where empty.
        owner: Name of the module it belongs to.
    """

    handler: Callable[[str], Awaitable[Any]]
    permission: str | None = None
    owner: str = ""

    def is_visible_to(self, user: User) -> bool:
        """Return whether it is asked for `user`."""
        return user.is_authenticated and (not self.permission or user.has_permission(self.permission))


@dataclass(slots=True)
class _Content:
    slots: dict[str, list[Component]] = field(default_factory=lambda: {slot: [] for slot in SLOTS})
    actions: dict[str, Action] = field(default_factory=dict)
    searches: list[Search] = field(default_factory=list)


class LayoutManager:
    """Takes components for the slots and actions for the palette.

    Args:
        owner: Module on whose behalf everything is added.
        content: What the slots hold so far; shared by all managers of one application.
    """

    def __init__(self, owner: str = "", content: _Content | None = None) -> None:
        self._owner = owner
        self._content = content or _Content()

    def owned_by(self, owner: str) -> "LayoutManager":
        """Return the same layout; what is added through it belongs to the module `owner`."""
        return LayoutManager(owner, self._content)

    def add(
        self,
        slot: str,
        builder: SlotBuilder,
        *,
        title: str = "",
        order: int = 0,
        permission: str | None = None,
        owner: str = "",
    ) -> None:
        """Put a component into a slot.

        Args:
            slot: Name of the slot, with or without `_slot` at its end.
            builder: Builds the component where it is called; sync or async.
            title: Heading, for widgets.
            order: Place in the slot, the smallest first.
            permission: What seeing it needs; any signed-in user where None.
            owner: Module it belongs to.

        Raises:
            ConfigurationError: There is no such slot.
        """
        name = slot.removesuffix("_slot")
        if name not in self._content.slots:
            msg = f"there is no slot {slot!r}; slots are {', '.join(SLOTS)}"
            raise ConfigurationError(msg)
        component = Component(
            builder=builder, title=title, order=order, permission=permission, owner=owner or self._owner
        )
        self._content.slots[name].append(component)

    def add_action(
        self,
        title: str,
        handler: Callable[[], Any],
        *,
        icon: str = "bolt",
        permission: str | None = None,
        keywords: str = "",
    ) -> None:
        """Offer a command in the palette.

        Args:
            title: What it does, such as “Restock everything”.
            handler: Does it; sync or async, called in the tab that asked, as the user.
            icon: Name of a Material icon.
            permission: What it needs; any signed-in user where None.
            keywords: Further words it is found by.

        Raises:
            ConfigurationError: The module already has an action with this title.
        """
        identity = f"{self._owner}:{title}"
        if identity in self._content.actions:
            msg = f"there are two actions “{title}”"
            raise ConfigurationError(msg)
        self._content.actions[identity] = Action(
            id=identity,
            title=title,
            handler=handler,
            icon=icon,
            permission=permission,
            keywords=keywords,
            owner=self._owner,
        )

    def add_search(self, handler: Callable[[str], Awaitable[Any]], *, permission: str | None = None) -> None:
        """Have the palette find more: `handler` is called while somebody types, as he, and returns `SearchHit`s.

        Args:
            handler: Gets what was typed; only the first five of its hits are shown, and after two seconds none.
            permission: What it needs; any signed-in user where None.
        """
        self._content.searches.append(Search(handler=handler, permission=permission, owner=self._owner))

    def searches(self, user: User) -> list[Search]:
        """Return what is asked for `user` while he types."""
        return [search for search in self._content.searches if search.is_visible_to(user)]

    def components(self, slot: str, user: User) -> list[Component]:
        """Return what `user` sees in a slot, in its order."""
        return sorted(
            (component for component in self._content.slots[slot] if component.is_visible_to(user)),
            key=lambda component: component.order,
        )

    def actions(self, user: User) -> Iterator[Action]:
        """Yield the palette's actions that `user` may run."""
        return (action for action in list(self._content.actions.values()) if action.is_visible_to(user))

    def action(self, identity: str) -> Action | None:
        """Return the action with the id `identity`."""
        return self._content.actions.get(identity)

    def remove_owner(self, owner: str) -> None:
        """Take away all that belongs to the module `owner`."""
        self._content.searches = [search for search in self._content.searches if search.owner != owner]
        for components in self._content.slots.values():
            components[:] = [component for component in components if component.owner != owner]
        for identity in [identity for identity, action in self._content.actions.items() if action.owner == owner]:
            del self._content.actions[identity]
