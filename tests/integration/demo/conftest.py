"""Instances with the example modules: a fresh one, and one for the session in which January is imported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.demo.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A fresh instance that is not started yet."""
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def january(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running instance, into which `webos demo load` has imported January."""
    made = Site(tmp_path_factory.mktemp("january"))
    try:
        made.start()
        made.webos("demo", "load")
        database = made.database()
        with database.client:
            (made.summary,) = database["flights.DelaySummary"].find()
        yield made
    finally:
        made.close()
