"""Generated requests, from what the routes say of themselves: no answer is a 500, and each is as declared."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.integration.crud.desk import Desk
from webos.sdk.problem import Problem

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.sampled_from(
    ["", "x", "0", "1", "true", "null", "\0", "\ud800", "$where", "2024-02-29", "x" * 300, "{}", "[]", "nan", "1e999"]
)
OFTEN = 60


def of_schema(schema: Mapping[str, Any], document: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that mostly fit a schema."""
    if "$ref" in schema:
        return of_schema(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([of_schema(part, document) for part in schema["anyOf"]])
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        required = set(schema.get("required", ()))
        fields = {name: of_schema(part, document) for name, part in schema["properties"].items()}
        return st.fixed_dictionaries(
            {name: each for name, each in fields.items() if name in required},
            optional={name: each for name, each in fields.items() if name not in required},
        )
    if kind == "array":
        return st.lists(of_schema(schema.get("items", {}), document), max_size=3)
    formats = {
        "date": st.dates().map(str),
        "date-time": st.datetimes().map(lambda moment: moment.isoformat()),
        "uuid": st.uuids().map(str),
    }
    plain: dict[Any, st.SearchStrategy[Any]] = {
        "string": formats.get(schema.get("format", ""), st.text(max_size=30)),
        "integer": st.integers(-(2**70), 2**70) | st.integers(0, 9),
        "number": st.floats() | st.integers(),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    return plain.get(kind, ANY)


# The loop of the test makes random pauses while Hypothesis draws in its thread.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@pytest.mark.parametrize("path", ["/parts", "/orders", "/diaries", "/tickets"])
async def test_generated_requests_are_answered_as_declared(desk: Desk, path: str) -> None:
    """Thousands of bodies, ids, parameters and headers bring no 500, and every answer fits its declared schema."""
    document = json.loads(json.dumps(desk.web.openapi()))
    routes = {
        (address, method): operation
        for address, methods in document["paths"].items()
        if address.startswith(f"/api/desk{path}")
        for method, operation in methods.items()
    }
    assert len(routes) == 6
    adapter = TypeAdapter(Problem)
    seen: dict[int, int] = {}

    loop = asyncio.get_running_loop()
    client = desk.client()

    def ask(method: str, url: Any, **request: Any) -> httpx.Response:
        # Hypothesis works in a thread, the desk in the loop of the test.
        return asyncio.run_coroutine_threadsafe(client.request(method, url, **request), loop).result(timeout=60)

    @settings(max_examples=OFTEN, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def generate(data: st.DataObject) -> None:
        known = [each["id"] for each in ask("GET", client.base_url.join(f"/api/desk{path}")).json()["items"]]
        for (address, method), operation in routes.items():
            request = _draw(data, document, operation, known)
            url = client.base_url.join(address.replace("{identity}", quote(request.pop("identity"), safe="")))
            answer = ask(method.upper(), url, **request)
            _check(answer, operation, adapter, f"{method} {url} {request}")
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1

    await asyncio.to_thread(generate)

    assert {200, 201, 404, 422} <= seen.keys()


def _draw(data: st.DataObject, document: Mapping[str, Any], operation: Mapping[str, Any], known: list[str]) -> Any:
    """Return a request, as the client takes it, and the id for its address."""
    # What is stored must not steer what is drawn.
    chosen = data.draw(st.integers(0, 2) | TEXTS)
    identity = str((known or ["x"])[chosen % len(known or "x")] if isinstance(chosen, int) else chosen)
    identity = identity.replace("\ud800", "x") or "x"
    body: Any = None
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = data.draw(of_schema(schema, document) | of_schema(schema, document) | ANY)
    parameters: dict[str, Any] = {}
    for each in data.draw(st.lists(st.sampled_from(operation.get("parameters", [{"in": ""}])), max_size=3)):
        if each["in"] == "query":
            value = data.draw(of_schema(each["schema"], document) | TEXTS)
            listed = value if isinstance(value, list) else [value]
            parameters[each["name"]] = [str(one).encode("utf-8", "replace").decode() for one in listed]
    return {
        "identity": identity,
        "params": parameters,
        "content": json.dumps(body).encode() if body is not None else b"",
        "headers": {"content-type": "application/json", "If-Match": data.draw(st.sampled_from(["*", '"1"', '"2"']))},
    }


def _check(answer: Any, operation: Mapping[str, Any], problems: TypeAdapter[Problem], what: str) -> None:
    assert str(answer.status_code) in operation["responses"], f"{what}: {answer.status_code} {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", what
        assert problems.validate_python(answer.json()).status == answer.status_code, what
    elif answer.status_code != 204:
        assert answer.json() is not None, what
