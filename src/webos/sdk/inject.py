"""`Inject[ProductService]`: a service as a parameter of a route."""

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends
from starlette.requests import HTTPConnection

from webos.kernel.registry import ServiceRegistry

__all__ = ["Inject"]

T = TypeVar("T")

if TYPE_CHECKING:
    Inject = Annotated[T, "a service of the application"]
else:

    class Inject:
        """Annotation of a route's parameter: the application's service of that type."""

        def __class_getitem__(cls, kind: type) -> Any:  # noqa: ANN401 - an annotation
            # Not a plain function: FastAPI would take a thread for it, at every request.
            async def resolve(connection: HTTPConnection) -> Any:  # noqa: ANN401 - the service
                services: ServiceRegistry = connection.app.state.services
                return services.get(kind)

            return Annotated[kind, Depends(resolve)]
