"""The benchmark runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_rows_without_a_browser_can_be_measured(tmp_path: Path) -> None:
    """A quick run of the rows that need no browser measures each of them and writes what it found."""
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--out", str(results), "event", "guarded", "list", "grid"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "NICEGUI"))}

    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(results.read_text(encoding="utf-8"))
    assert {row["name"].split()[0].strip(",") for row in found} == {"event", "guarded", "list", "grid"}
    assert all(row["ours"] > 0 and row["against"] > 0 for row in found)
    assert "goals are met" in done.stdout
