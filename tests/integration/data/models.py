"""Documents of two modules, with and without owners, that link to each other."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from beanie import BackLink, Indexed, Link
from pydantic import BaseModel, Field

from webos.data.document import CoreDocument, OwnedDocument

if TYPE_CHECKING:
    from tests.integration.data import models as library


class Tag(CoreDocument):
    """What many documents link to."""

    word: str
    notes: list[BackLink["Note"]] = Field(default_factory=list, json_schema_extra={"original_field": "main_tag"})


class Fields(BaseModel):
    """The fields that the documents with and without an owner have in common."""

    code: Annotated[str, Indexed(unique=True)]
    title: str = ""
    rank: Annotated[int, Indexed()] = 0
    price: Decimal = Decimal(0)
    seen_at: datetime | None = None
    words: list[str] = Field(default_factory=list)
    parts: list[dict[str, Any]] = Field(default_factory=list)
    main_tag: Link["library.Tag"] | None = None
    tags: list[Link["library.Tag"]] = Field(default_factory=list)


class Note(OwnedDocument, Fields):
    """A document with an owner."""


class Page(CoreDocument, Fields):
    """A document for everybody."""


class Board(CoreDocument):
    """Something to start a pipeline from."""

    name: str
    note: Link["library.Note"] | None = None
    page: Link["library.Page"] | None = None
    notes: list[Link["library.Note"]] = Field(default_factory=list)
    pages: list[Link["library.Page"]] = Field(default_factory=list)


Article = Note | Page
