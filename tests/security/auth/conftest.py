"""Fixtures of the security cases: the same site as the integration tests have."""

from tests.integration.auth.conftest import site

__all__ = ["site"]
