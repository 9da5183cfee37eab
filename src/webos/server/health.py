"""Whether the process lives, and whether it can serve."""

from typing import Any

import pymongo
from fastapi import APIRouter
from pymongo.errors import PyMongoError

from webos.data.connection import Connection
from webos.kernel.errors import UnavailableError

__all__ = ["health_router"]

_PING_SECONDS = 2


def health_router(connection: Connection) -> APIRouter:
    """Return the routes that supervisors and proxies ask."""
    router = APIRouter(tags=["Health"])

    @router.get("/healthz")
    async def alive() -> dict[str, Any]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def ready() -> dict[str, Any]:
        """The database answers too."""
        try:
            with pymongo.timeout(_PING_SECONDS):
                await connection.ping()
        except PyMongoError as error:
            msg = f"the database does not answer: {type(error).__name__}"
            raise UnavailableError(msg, user_message="The database does not answer.") from None
        return {"status": "ready"}

    return router
