"""People for the tests of the interface."""

from uuid import uuid4

import pytest

from webos.kernel.context import Principal


@pytest.fixture
def user() -> Principal:
    return Principal(id=uuid4(), username="ada", grants=frozenset({"inventory.read"}))
