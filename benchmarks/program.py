"""A bare server in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webos.testing.servers import free_port

__all__ = ["Program", "children_of", "resident_kilobytes", "serving"]

_ROOT = Path(__file__).parents[1]
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


class Program:
    """A running program that serves on a port.

    Args:
        process: The process.
        port: Its port of 127.0.0.1.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.port = port
        self.pid = process.pid


@contextmanager
def serving(module: str, *arguments: str, folder: Path, told: str = "") -> Iterator[Program]:
    """Run `python -m MODULE PORT ARGUMENTS` for the block, from the moment it takes connections.

    Args:
        module: Dotted name.
        arguments: What comes behind the port.
        folder: Where it runs; its output is left there.
        told: What it reads from its standard input.

    Raises:
        RuntimeError: It does not start; the message is what it said.
    """
    port = free_port()
    output = folder / f"{module}.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WEBOS_")}
    with output.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", module, str(port), *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**environment, "PYTHONPATH": str(_ROOT)},
        )
    try:
        assert process.stdin is not None
        with process.stdin as pipe:
            pipe.write(f"{told}\n".encode())
        _wait_for_port(process, port, output)
        yield Program(process, port)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _wait_for_port(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            msg = f"the program does not serve on port {port}:\n{output.read_text(errors='replace')}"
            raise RuntimeError(msg)
        time.sleep(0.02)


def children_of(pid: int) -> dict[int, str]:
    """Return the ids and command lines of the processes that a process has started (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return {int(child): Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ") for child in children}


def resident_kilobytes(pid: int) -> float:
    """Return the memory that a process has to itself, in kilobytes (Linux)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return float(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")))
