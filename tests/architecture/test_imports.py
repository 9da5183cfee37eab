"""Who may import whom."""

import subprocess
import sys
import tomllib

from tests.architecture.sources import ROOT, SOURCE

_LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def test_contracts_hold() -> None:
    """Every import contract of `pyproject.toml` is kept."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _LINT], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_every_package_has_a_layer() -> None:
    """No package of the framework stands outside of the layers, where no contract would hold it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {part.strip() for layer in layers for part in layer.split("|")}

    found = {f"webos.{path.parent.name}" for path in (SOURCE / "webos").glob("*/__init__.py")}

    assert found == placed
