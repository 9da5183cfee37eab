"""Fixtures: a project of modules, and its models brought up as often as a test likes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from loguru import logger

from tests.integration.migrations.project import Project, brought_up
from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.server.state import Application

Starter = Callable[[], AbstractAsyncContextManager[Application]]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path)


@pytest.fixture
def start(project: Project, mongo: Connection, mongo_endpoint: Endpoint) -> Starter:
    """Brings up the models of the project on the test's database, as a start of the application does."""
    return lambda: brought_up(project.settings(mongo.raw.name), mongo_endpoint)


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What is logged during the test."""
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="DEBUG")
    yield lines
    logger.remove(sink)
