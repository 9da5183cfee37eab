"""Documents in the database that do not fit their model."""

import pytest

from tests.integration.data.models import Page
from webos.data.connection import Connection
from webos.kernel.context import Principal, acting_as
from webos.kernel.errors import UnreadableDocumentError


@pytest.mark.usefixtures("library")
async def test_a_stored_document_that_does_not_fit_is_no_wrong_input(anna: Principal, mongo: Connection) -> None:
    """Whoever reads it gets an error of the server that names document and field, but not the value."""
    with acting_as(anna):
        page = await Page(code="p1").insert()
        await mongo.raw["library.Page"].update_one({}, {"$set": {"rank": "an old secret"}})
        told = (
            rf"the stored Page {page.id} does not fit its model: ValidationError: rank: Input should be a valid integer"
        )
        with pytest.raises(UnreadableDocumentError, match=told) as raised:
            await Page.find_all().to_list()
        with pytest.raises(UnreadableDocumentError):
            await Page.get(page.id)
        with pytest.raises(UnreadableDocumentError):
            await Page.find_all().first_or_none()
    assert raised.value.status == 500
    assert "an old secret" not in f"{raised.value} {raised.value.problem()}"
    assert raised.value.user_message == "A stored record cannot be read"
