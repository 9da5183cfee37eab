"""Folders of modules that cannot be used: the server does not start, and says why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.modules.specimens import Specimen, write_modules
from webos.testing.servers import LiveServer


@pytest.mark.parametrize("wrong", ["missing", "twice", "package"])
def test_a_wrong_place_is_told_in_words(live_server: Callable[..., LiveServer], tmp_path: Path, wrong: str) -> None:
    """A folder that does not exist, two modules of one name, an unknown package: the start ends with one clear line."""
    here = write_modules(tmp_path / "here", Specimen("shop"))
    there = write_modules(tmp_path / "there", Specimen("shop"))
    places, told = {
        "missing": (f"{here}:{tmp_path}/no-such-folder", f"there is no folder '{tmp_path}/no-such-folder'"),
        "twice": (f"{here}:{there}", f"module 'shop' is in {here}/shop and in {there}/shop"),
        "package": ("no_such_package.modules", "'no_such_package.modules' is neither a folder nor a package"),
    }[wrong]
    server = live_server(environment={"WEBOS_MODULES": places})
    assert server.start().wait() != 0
    assert f"WEBOS_MODULES: {told}" in server.output
    assert "Traceback" not in server.output
