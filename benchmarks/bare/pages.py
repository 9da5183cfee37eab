"""NiceGUI alone: `python -m benchmarks.bare.pages PORT`."""

import sys

import uvicorn
from fastapi import FastAPI
from nicegui import ui


def create() -> FastAPI:
    """Return an application with the two pages that ours has too."""
    app = FastAPI()

    @ui.page("/flightlog/greeting")
    async def greeting() -> None:
        ui.label("Hello").props("id=greeting")

    @ui.page("/flightlog/counter")
    async def counter() -> None:
        count = 0

        def more() -> None:
            nonlocal count
            count += 1
            label.set_text(str(count))

        ui.button("More", on_click=more).props("id=more")
        label = ui.label("0").props("id=count")

    ui.run_with(app, storage_secret="only for measuring, at least 32 bytes", show_welcome_message=False)
    return app


if __name__ == "__main__":
    uvicorn.run(create(), port=int(sys.argv[1]), log_config=None, access_log=False)
