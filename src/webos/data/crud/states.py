"""States of documents and the moves between them, declared once."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from pymongo.asynchronous.client_session import AsyncClientSession

from webos.data.crud.changing import unwritten, write_changes
from webos.data.writing import read_back
from webos.kernel.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from webos.data.document import CoreDocument

__all__ = ["IllegalMoveError", "StateMachine"]

_ATTEMPTS = 20


class IllegalMoveError(ConflictError):
    """A document cannot go from its state to the one that was asked for."""

    code = "webos.illegal_move"
    title = "This is not possible in the present state"


class StateMachine:
    """Which moves between states are allowed.

    Args:
        states: The enum of the states.
        moves: The states that each may be followed by; one that is left out is final.
        field: The field that holds the state.
        initial: The states that a new document may have; the field's default where None.
        topics: Topic of the event of a move by its new state, where it is not `<model>:<state>`.

    Raises:
        ValueError: Something that is no state of the enum is named.
    """

    def __init__(
        self,
        states: type[Enum],
        moves: Mapping[Any, Iterable[Any]],
        *,
        field: str = "status",
        initial: Iterable[Any] | None = None,
        topics: Mapping[Any, str] | None = None,
    ) -> None:
        self.states = states
        self.field = field
        self._moves = {state: tuple(following) for state, following in moves.items()}
        self._initial = tuple(initial) if initial is not None else None
        self._topics = dict(topics or {})
        named = [*self._moves, *(each for following in self._moves.values() for each in following)]
        for each in [*named, *(self._initial or ()), *self._topics]:
            if not isinstance(each, states):
                msg = f"{each!r} is no {states.__name__}"
                raise ValueError(msg)  # noqa: TRY004 - a fault in the declaration, like the others

    def following(self, state: Any) -> Sequence[Any]:  # noqa: ANN401 - a member of the enum
        """Return the states that may follow a state."""
        return self._moves.get(state, ())

    def topic(self, model: str, state: Any) -> str:  # noqa: ANN401 - a member of the enum
        """Return the topic of the event of a move to a state.

        Args:
            model: Name of the model as it stands in topics, such as `order`.
            state: The new state.
        """
        return self._topics.get(state) or f"{model}:{str(state.value).lower()}"

    def check(self, before: Any, after: Any) -> None:  # noqa: ANN401 - members of the enum
        """Refuse a move that is not allowed.

        Raises:
            IllegalMoveError: It is not; the message names both states and what is allowed.
        """
        if after in self.following(before):
            return
        allowed = ", ".join(_name(each) for each in self.following(before))
        rest = f"possible are: {allowed}" if allowed else "that is a final state"
        msg = f"from {_name(before)} it cannot go to {_name(after)}; {rest}"
        raise IllegalMoveError(
            msg, user_message=f"{msg[0].upper()}{msg[1:]}.", fields={self.field: f"Not from {_name(before)}."}
        )

    def check_new(self, document: "CoreDocument") -> None:
        """Refuse a new document that does not begin at the beginning.

        Raises:
            InvalidInputError: Its state is none of the initial ones.
        """
        default = type(document).model_fields[self.field].default
        initial = (
            self._initial if self._initial is not None else (default,) if isinstance(default, self.states) else None
        )
        if initial is not None and getattr(document, self.field) not in initial:
            names = ", ".join(_name(each) for each in initial)
            raise InvalidInputError(fields={self.field: f"It begins with: {names}."})

    async def move(self, document: "CoreDocument", state: Any, *, session: AsyncClientSession | None = None) -> None:  # noqa: ANN401
        """Bring a document to another state and store it, with what else was changed of it; of several at once one wins.

        What others have changed of other fields meanwhile is kept.

        Args:
            document: The document.
            state: The new state.
            session: For a transaction.

        Raises:
            IllegalMoveError: The move is not allowed, from the state it has in the database.
            ConflictError: Others changed the same fields.
            NotFoundError: It does not exist any more.
        """
        for attempt in range(_ATTEMPTS):
            before = getattr(document, self.field)
            self.check(before, state)
            has_more = bool(unwritten(document))
            setattr(document, self.field, state)
            try:
                await write_changes(document, session)
            except ConflictError as error:
                if error.fields or has_more or attempt == _ATTEMPTS - 1:
                    setattr(document, self.field, before)
                    raise
                await read_back(document, session)
            except BaseException:
                setattr(document, self.field, before)
                raise
            else:
                return

    def __repr__(self) -> str:
        return f"StateMachine({self.states.__name__}, field={self.field!r})"


def _name(state: Any) -> str:  # noqa: ANN401 - a member of the enum
    return str(getattr(state, "value", state))
