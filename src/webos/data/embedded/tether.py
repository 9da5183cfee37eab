"""Become another program that ends when the process that started it does.

Run as a script: `python tether.py PARENT_PID PROGRAM ARGUMENT...`. It keeps its process id, so that the
program is a child of the caller. Only Linux can do this; it stands alone, for it must start quickly.
"""

import ctypes
import os
import signal
import sys

__all__ = ["end_with_parent"]

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> bool:
    """Have the kernel send this process a SIGTERM when the thread that started it ends; survives `exec`.

    Args:
        parent: Process id of the parent.

    Returns:
        Whether the parent is still there; where it is not, no signal will come.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    return os.getppid() == parent


if __name__ == "__main__":
    if not end_with_parent(int(sys.argv[1])):
        sys.exit(1)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the given program is the purpose
