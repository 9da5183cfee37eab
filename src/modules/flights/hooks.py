from webos.sdk import BaseTask, hookimpl

from .tasks import ImportFlights


@hookimpl
def register_demo() -> list[type[BaseTask]]:
    """Return what `webos demo load` runs."""
    return [ImportFlights]
