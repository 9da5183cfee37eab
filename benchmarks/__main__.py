"""`python -m benchmarks [ROW ...] [--rows N] [--quick]`: measure, print the table, write `benchmarks/results.json`."""

import argparse
import asyncio
import importlib
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.flights import ALL_FLIGHTS
from benchmarks.result import Result
from benchmarks.stage import Stage
from benchmarks.table import as_table
from benchmarks.turns import Effort
from webos.kernel.log import configure_logging

ROWS = {
    "list": "list_api",
    "guarded": "guarded",
    "grid": "grid",
    "page": "page",
    "ui": "ui_event",
    "event": "event",
    "start": "start",
    "import": "import_csv",
    "audit": "audit",
    "auth": "auth",
}
_RESULTS = Path(__file__).parent / "results.json"
_QUICK_FLIGHTS = 27_004


def main() -> None:
    """Run the rows that the command line names, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure against bare libraries.")
    parser.add_argument("row", nargs="*", help=f"which rows: {', '.join(ROWS)}; all by default")
    parser.add_argument("--rows", type=int, metavar="N", help=f"flights in the data, {ALL_FLIGHTS:,} by default")
    parser.add_argument("--quick", action="store_true", help="see that it runs; the figures mean little")
    parser.add_argument("--out", type=Path, default=_RESULTS, help="where the results go")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.row if name not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}; rows are {', '.join(ROWS)}")
    flights = arguments.rows or (_QUICK_FLIGHTS if arguments.quick else ALL_FLIGHTS)
    configure_logging("WARNING")
    results, failed = asyncio.run(_measure(arguments.row or [*ROWS], Effort(flights, quick=arguments.quick)))
    arguments.out.write_text(json.dumps([result.to_dict() for result in results], indent=2) + "\n", encoding="utf-8")
    print(f"\n{_machine()}, {flights:,} flights\n\n{as_table(results)}\n")
    missed = sum(not result.ok for result in results)
    print(f"{len(results) - missed} of {len(results)} goals are met. Written to {arguments.out}.")
    if failed:
        sys.exit(f"could not be measured: {', '.join(failed)}")


async def _measure(names: Sequence[str], effort: Effort) -> tuple[list[Result], list[str]]:
    """Return the results, and the rows that could not be measured."""
    results: list[Result] = []
    failed: list[str] = []
    async with Stage(effort) as stage:
        for name in names:
            started = time.monotonic()
            print(f"measuring {name} ...", end=" ", file=sys.stderr, flush=True)
            try:
                results += await importlib.import_module(f"benchmarks.rows.{ROWS[name]}").run(stage)
            except Exception:  # noqa: BLE001 - the other rows can still be measured
                failed.append(name)
                traceback.print_exc()
            print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return results, failed


def _machine() -> str:
    return f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
