"""A process beside the test's: reads or writes the cache as it is told, a line at a time."""

import asyncio
import json
import sys
from pathlib import Path

from webos.cache import CacheService, HostStore, Memo, ModuleCache, memoized
from webos.kernel.context import SYSTEM, acting_as


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def serve(folder: Path, notes: Path) -> None:
    service = CacheService(lambda: HostStore(folder, limit=2**26))
    await service.start()
    cache = ModuleCache(service, "shop")

    async def compute(number: int) -> int:
        with notes.open("a") as file:
            file.write(f"{number}\n")
        await asyncio.sleep(0.01)
        return number * 2

    double = memoized(compute, Memo(expire=60, expire_none=None, tag=None, shared=True, find=lambda: cache))
    say("ready")
    while line := await asyncio.to_thread(sys.stdin.readline):
        command, key, value = json.loads(line)
        if command == "set":
            await cache.set(key, value)
            answer = None
        elif command == "get":
            answer = await cache.get(key)
        elif command == "count":
            for _ in range(value):
                answer = await cache.incr(key)
        else:
            answer = await asyncio.gather(*(double(number) for number in range(value)))
        say(json.dumps(answer))
    await service.stop()


if __name__ == "__main__":
    with acting_as(SYSTEM):
        asyncio.run(serve(Path(sys.argv[1]), Path(sys.argv[2])))
