"""The same document with and without a record of its changes."""

from datetime import datetime
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, Field

from webos.sdk import CoreDocument, Indexed


class State(Enum):
    """How far a job is."""

    OPEN = "open"
    DONE = "done"


class Fields(BaseModel):
    """What a job consists of."""

    title: str = Field(min_length=1, max_length=200)
    customer: Annotated[str, Indexed()] = ""
    notes: str = ""
    hours: float = Field(default=0, ge=0)
    state: State = State.OPEN
    due: datetime | None = None
    tags: list[str] = Field(default_factory=list)


class Job(CoreDocument, Fields):
    """A job whose changes are recorded."""


class QuietJob(CoreDocument, Fields):
    """A job whose changes are not."""

    class Settings:
        """No record of changes."""

        audit = False
