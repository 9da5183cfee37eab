"""Finding and naming tasks."""

from types import ModuleType

import pytest

from webos.kernel.errors import ConfigurationError
from webos.tasks import BaseTask, collect_tasks
from webos.tasks.registry import _title


def test_collects_the_own_tasks_of_a_module() -> None:
    """Tasks that are defined in the module count; imported ones and bases that begin with an underscore do not."""

    class Foreign(BaseTask):
        """Belongs elsewhere."""

    module = ModuleType("shop.tasks")
    exec(  # noqa: S102 - a module as its author writes it
        "from webos.tasks import BaseTask\n"
        "class _Base(BaseTask):\n    async def run(self): ...\n"
        "class First(_Base): ...\n"
        "class Second(BaseTask):\n    async def run(self): ...\n",
        module.__dict__,
    )
    module.__dict__["Foreign"] = Foreign
    assert [task.__name__ for task in collect_tasks(module)] == ["First", "Second"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ImportOrders", "Import orders"),
        ("SyncCRMContacts", "Sync CRM contacts"),
        ("Load2Files", "Load 2 files"),
        ("x", "X"),
    ],
)
def test_titles_are_made_from_names(name: str, title: str) -> None:
    """A task without a title is named for people after its class."""
    assert _title(type(name, (BaseTask,), {})) == title


async def test_an_unregistered_task_says_so() -> None:
    """Submitting a task of a module that does not run names the task."""

    class Lonely(BaseTask):
        """Is registered nowhere."""

    with pytest.raises(ConfigurationError, match="Lonely is not registered"):
        await Lonely.kiq()
