"""A web process with a tiny application in the place of the product's, for what the product never does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from webos.data.connection import Connection
from webos.data.endpoint import Endpoint
from webos.kernel.settings import Settings
from webos.server.web import main


def create_app(settings: Settings, endpoint: Endpoint) -> FastAPI:
    connection = Connection(endpoint, settings.database)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await connection.check()
        yield
        await connection.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        await connection.ping()
        return {"status": "ok"}

    @app.get("/never")
    async def never() -> None:
        await asyncio.Event().wait()

    return app


if __name__ == "__main__":
    main(create_app)
