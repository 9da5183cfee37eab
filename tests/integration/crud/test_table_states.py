"""The grid and the forms keep to the moves that a model declares."""

from enum import Enum
from typing import ClassVar

import pytest

from tests.integration.crud.desk import ANNA, open_desk
from webos.data.connection import Connection
from webos.data.document import CoreDocument
from webos.data.table.editing import change_document, create_document
from webos.kernel.context import acting_as
from webos.kernel.errors import InvalidInputError
from webos.sdk import IllegalMoveError, StateMachine


class Step(Enum):
    """Two states."""

    OPEN = "open"
    DONE = "done"


class Job(CoreDocument):
    """A document that declares its moves itself."""

    title: str = ""
    status: Step = Step.OPEN
    transitions: ClassVar[StateMachine] = StateMachine(Step, {Step.OPEN: [Step.DONE]})


async def test_a_cell_moves_only_where_it_may(mongo: Connection) -> None:
    """An edit of the state in a table is a move: allowed or refused, as in a service; a form begins at the beginning."""
    async with open_desk(mongo, models=(Job,)):
        with acting_as(ANNA):
            job = await create_document(Job, {"title": "x"})
            await change_document(Job, str(job.id), {"title": "y", "status": "done"}, revision=None, was={})
            with pytest.raises(IllegalMoveError):
                await change_document(Job, str(job.id), {"status": "open"}, revision=None, was={})
            await change_document(Job, str(job.id), {"title": "z", "status": "done"}, revision=None, was={})
            with pytest.raises(InvalidInputError):
                await create_document(Job, {"status": "done"})
