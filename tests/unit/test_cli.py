"""The command line itself."""

import pytest
from typer.testing import CliRunner

from webos import __version__
from webos.cli import main as cli_main
from webos.cli.main import build_cli
from webos.kernel.errors import ConfigurationError, StartupError, WebOSError


def test_version() -> None:
    """`webos --version` prints the version and leaves with 0."""
    result = CliRunner().invoke(build_cli(), ["--version"])

    assert result.exit_code == 0
    assert result.output == f"WebOS {__version__}\n"


def test_finds_the_commands() -> None:
    """Every file of the package with `register` has its commands on the command line."""
    result = CliRunner().invoke(build_cli(), ["--help"])

    assert "run" in result.output
    assert "Start the server" in result.output


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (StartupError("it cannot start"), 1, ["error: it cannot start"]),
        (ConfigurationError("WEBOS_A: no\nWEBOS_B: no"), 2, ["error: WEBOS_A: no", "error: WEBOS_B: no"]),
    ],
)
def test_errors_become_lines(
    error: WebOSError,
    code: int,
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An error of ours in a command becomes lines on standard error and an exit code, never a traceback."""

    def failing() -> None:
        raise error

    monkeypatch.setattr(cli_main, "build_cli", lambda: failing)

    with pytest.raises(SystemExit) as left:
        cli_main.main()

    assert left.value.code == code
    assert capsys.readouterr().err.splitlines() == lines
