"""Whatever the described API is asked, with and without credentials, is answered without a failure of the server."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from tests.e2e.product.conftest import ADMIN_PASSWORD, Product, start_product

_ROOT = Path(__file__).parents[3]
EXAMPLES = int(os.environ.get("WEBOS_TEST_SCHEMA_EXAMPLES", "1"))
# They say that there is no mail server, or no such module.
AWAY = {503}
# What is refused before it is a request.
NO_HTTP = "Invalid HTTP request received."
# These end the session by which the others are asked.
ENDING = {"/auth/logout", "/auth/view-as", "/auth/password"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Yield a product with the example modules, on which nobody is slowed down."""
    yield from start_product(tmp_path_factory.mktemp("schema"), str(_ROOT / "src" / "modules"), WEBOS_RATE_LIMIT="off")


@pytest.fixture(scope="module")
def operations(product: Product) -> list[Any]:
    """Return the operations that the API describes to an administrator."""
    origin = {"origin": product.url}
    with httpx.Client(base_url=product.url, headers=origin) as admin:
        admin.post("/auth/login", json={"username": "admin", "password": ADMIN_PASSWORD})
        described = admin.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(described)
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert len(found) > 40
    return found


@pytest.mark.parametrize("credential", ["none", "key", "session"])
def test_nothing_fails(product: Product, operations: list[Any], credential: str) -> None:
    """Requests that fit the description, and such that do not, get an answer below 500 with a trace id."""
    headers = {"origin": product.url}
    failures: list[str] = []
    with requests.Session() as client:
        client.trust_env = False
        if credential == "session":
            body = {"username": "admin", "password": ADMIN_PASSWORD}
            assert client.post(f"{product.url}/auth/login", json=body, headers=headers).status_code == 200
        elif credential == "key":
            made = product.webos("user", "key", "create", "admin", "*")
            headers["x-api-key"] = next(word for word in made.split() if word.startswith("wbs_"))
        for operation in operations:
            if credential == "none" or operation.path not in ENDING:
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    attack(client, operation, mode, {"base_url": product.url, "headers": headers}, failures)
    assert failures == []


def attack(
    client: requests.Session, operation: Any, mode: GenerationMode, options: dict[str, Any], failures: list[str]
) -> None:
    """Send generated requests to one operation, and note which failed."""

    @seed(1)
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        answer = case.call(session=client, timeout=20, **options)
        if answer.status_code >= 500 and answer.status_code not in AWAY:
            failures.append(f"{answer.status_code} {case.method} {case.formatted_path}: {answer.text[:300]}")
        elif "x-trace-id" not in answer.headers and answer.text != NO_HTTP:
            failures.append(f"no trace id: {answer.status_code} {case.method} {case.formatted_path}")

    try:
        send()
    except (Unsatisfiable, schemathesis.errors.SchemathesisError):
        # Some operations take nothing that could be wrong.
        assert mode is GenerationMode.NEGATIVE
