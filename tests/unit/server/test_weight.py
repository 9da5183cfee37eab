"""What the supervisor does not load."""

import subprocess
import sys

_HEAVY = {"fastapi", "starlette", "nicegui", "beanie", "pymongo", "bson", "uvicorn", "cryptography"}


def test_supervisor_is_light() -> None:
    """The supervisor runs without the web framework, the interface and the driver: it starts at once and stays small."""
    program = "import sys, webos.cli.main, webos.server.supervisor; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own program

    assert "webos.data.embedded.server" in loaded.split()
    assert _HEAVY & set(loaded.split()) == set()
