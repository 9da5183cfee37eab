"""FastAPI that answers who one is without looking: `python -m benchmarks.bare.who PORT`, the answer on standard input."""

import json
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI


def create(answer: dict[str, Any]) -> FastAPI:
    """Return the application.

    Args:
        answer: What it answers.
    """
    app = FastAPI()

    @app.get("/auth/me")
    async def who() -> dict[str, Any]:
        return answer

    return app


if __name__ == "__main__":
    uvicorn.run(create(json.loads(sys.stdin.readline())), port=int(sys.argv[1]), log_config=None, access_log=False)
