"""`crud_router(OrderService)` and `rest_router(Order)`: the routes of a model in one line of `router.py`."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from starlette.requests import HTTPConnection

from webos.data.crud.paging import MOST_ROWS, sorts_of
from webos.data.document import CoreDocument
from webos.kernel.errors import InvalidInputError
from webos.kernel.labels import label_of
from webos.kernel.registry import ServiceRegistry
from webos.sdk.crud import CrudService
from webos.sdk.problem import problems
from webos.sdk.service import ServiceWirings

__all__ = ["crud_router", "rest_router"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')
_JSON = "application/json"
_USUAL = 50

_Match = Annotated[
    str | None, Header(alias="If-Match", description="The ETag of the revision that this is based on.", max_length=40)
]


def rest_router(document: type[CoreDocument], *, prefix: str | None = None) -> APIRouter:
    """Return the routes of a document class that needs no service of its own.

    Args:
        document: The class.
        prefix: Path below `/api/<module>`; the plural of the model's name where None.
    """
    service = type(
        f"{document.__name__}Crud", (CrudService,), {"document": document, "__module__": document.__module__}
    )

    async def resolve(connection: HTTPConnection) -> CrudService[Any]:
        services: ServiceRegistry = connection.app.state.services
        return services.get(ServiceWirings).instance(service, document.__webos_name__.partition(".")[0])

    return _Routes(service, resolve).router(prefix)


def crud_router(service: type[CrudService[Any]], *, prefix: str | None = None) -> APIRouter:
    """Return the routes of a service: list, one, create, change, delete and restore.

    Changes and deletions take the revision in `If-Match`; answers with one document carry it as `ETag`.

    Args:
        service: The service.
        prefix: Path below `/api/<module>`; the plural of the model's name where None.
    """

    async def resolve(connection: HTTPConnection) -> CrudService[Any]:
        services: ServiceRegistry = connection.app.state.services
        return services.get(service)

    return _Routes(service, resolve).router(prefix)


class _Routes:
    """The routes of one service.

    Args:
        kind: Class of the service.
        resolve: Dependency that gives its instance.
    """

    def __init__(self, kind: type[CrudService[Any]], resolve: Callable[..., Any]) -> None:
        self._kind = kind
        self._name = kind.document.__name__
        self._one: TypeAdapter[Any] = TypeAdapter(kind.read_schema)
        items: Any = list[kind.read_schema]  # type: ignore[name-defined]  # known only now
        self._page = create_model(f"{self._name}Page", items=(items, ...), next=(str | None, None))
        self._service: Any = Annotated[CrudService, Depends(resolve)]
        self._identity: Any = Annotated[str, Path(description=f"Id of the {label_of(self._name)}.", max_length=200)]

    def router(self, prefix: str | None) -> APIRouter:
        """Return the router."""
        router = APIRouter(prefix=f"/{_plural(_HUMP.sub('-', self._name).lower())}" if prefix is None else prefix)
        name, title, read = self._name, label_of(self._name), self._kind.read_schema
        one = "/{identity}"
        add = router.add_api_route
        add(
            "",
            self._list(),
            response_model=self._page,
            responses=problems(401, 403, 422),
            summary=f"List of {title}",
            name=f"list {name}",
        )
        add(
            "",
            self._create(),
            methods=["POST"],
            status_code=201,
            response_model=read,
            responses=problems(400, 401, 403, 409, 422),
            summary=f"Create {title}",
            name=f"create {name}",
        )
        add(
            one,
            self._get(),
            response_model=read,
            responses=problems(401, 403, 404, 422),
            summary=f"One {title}",
            name=f"get {name}",
        )
        add(
            one,
            self._change(),
            methods=["PATCH"],
            response_model=read,
            responses=problems(400, 401, 403, 404, 409, 422),
            summary=f"Change {title}",
            name=f"change {name}",
        )
        add(
            one,
            self._delete(),
            methods=["DELETE"],
            status_code=204,
            response_class=Response,
            responses=problems(401, 403, 404, 409, 422),
            summary=f"Delete {title}",
            name=f"delete {name}",
        )
        add(
            f"{one}/restore",
            self._restore(),
            methods=["POST"],
            response_model=read,
            responses=problems(401, 403, 404, 409, 422),
            summary=f"Restore {title}",
            name=f"restore {name}",
        )
        return router

    def _answer(self, service: CrudService[Any], document: CoreDocument, status: int = 200, **headers: str) -> Response:
        # What was validated for the schema fits it; FastAPI would validate it again.
        body = self._one.dump_json(service.read(document), by_alias=True)
        return Response(body, status, {"ETag": f'"{document.revision}"', **headers}, _JSON)

    def _list(self) -> Callable[..., Any]:
        pages: TypeAdapter[Any] = TypeAdapter(self._page)

        async def list_(given: BaseModel, service: CrudService[Any]) -> Response:
            asked = {name: getattr(given, name) for name in given.model_fields_set}
            sort, cursor, limit = (asked.pop(name, None) for name in ("sort", "cursor", "limit"))
            found = await service.list(asked, sort=sort, cursor=cursor, limit=limit or _USUAL)
            page = self._page.model_construct(items=found.items, next=found.next)
            return Response(pages.dump_json(page, by_alias=True), media_type=_JSON)

        return _annotated(list_, given=Annotated[_query_model(self._kind), Query()], service=self._service)

    def _get(self) -> Callable[..., Any]:
        async def get(identity: str, service: CrudService[Any]) -> Response:
            return self._answer(service, await service.get(identity))

        return _annotated(get, identity=self._identity, service=self._service)

    def _create(self) -> Callable[..., Any]:
        async def create(request: Request, data: BaseModel, service: CrudService[Any]) -> Response:
            made = await service.create(data)
            return self._answer(service, made, 201, Location=f"{request.url.path.rstrip('/')}/{made.id}")

        return _annotated(create, data=Annotated[self._kind.create_schema, Body()], service=self._service)

    def _change(self) -> Callable[..., Any]:
        async def change(
            identity: str, data: BaseModel, service: CrudService[Any], if_match: _Match = None
        ) -> Response:
            return self._answer(service, await service.update(identity, data, _revision(if_match)))

        schema: Any = self._kind.update_schema
        return _annotated(change, identity=self._identity, data=Annotated[schema, Body()], service=self._service)

    def _delete(self) -> Callable[..., Any]:
        async def delete(identity: str, service: CrudService[Any], if_match: _Match = None) -> Response:
            await service.delete(identity, _revision(if_match))
            return Response(status_code=204)

        return _annotated(delete, identity=self._identity, service=self._service)

    def _restore(self) -> Callable[..., Any]:
        async def restore(identity: str, service: CrudService[Any]) -> Response:
            return self._answer(service, await service.restore(identity))

        return _annotated(restore, identity=self._identity, service=self._service)


def _annotated(route: Callable[..., Any], **annotations: Any) -> Callable[..., Any]:  # noqa: ANN401 - annotations
    """Give parameters of a route the types that are known only now."""
    route.__annotations__.update(annotations)
    return route


def _query_model(kind: type[CrudService[Any]]) -> type[BaseModel]:
    """Return the parameters of a list: a filter for each field and operator, and those of the page."""
    sorts: Any = Literal[tuple(sorts_of(kind.document))]
    own: dict[str, Any] = {
        "sort": (sorts, Field(default_factory=_nothing, description="Order; a minus turns it around.")),
        "cursor": (str, Field(default_factory=_nothing, max_length=6000, description="`next` of the page before.")),
        "limit": (int, Field(default=_USUAL, ge=1, le=MOST_ROWS, description="Most items of the page.")),
    }
    filters: dict[str, Any] = {
        name: (info.annotation, info) for name, info in kind.filter_schema.model_fields.items() if name not in own
    }
    return create_model(f"{kind.document.__name__}Query", __config__=ConfigDict(extra="forbid"), **filters, **own)


def _nothing() -> None:
    """Stand for a parameter that is not sent."""


def _revision(if_match: str | None) -> int | None:
    """Return the revision that a header names.

    Raises:
        InvalidInputError: It names none.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise InvalidInputError(fields={"If-Match": "The ETag of a revision was expected."})
    return int(found[1])


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"
