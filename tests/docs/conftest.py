"""Fixtures: a running product with the modules of all documents, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import write_modules
from tests.e2e.product.conftest import Product, sign_in, start_product
from tests.e2e.shell.conftest import browser, playwright_driver, watch

__all__ = ["browser", "playwright_driver", "sign_in", "watch"]


@pytest.fixture(scope="session")
def documented_modules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_modules(tmp_path_factory.mktemp("documented"))


@pytest.fixture(scope="session")
def product(documented_modules: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = next(iter(documented_modules.values())).parent
    yield from start_product(tmp_path_factory.mktemp("product-of-docs"), str(folder))
