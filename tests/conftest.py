"""What holds for all tests."""

import hypothesis

from tests.tripwire import watch_every_test

__all__ = ["watch_every_test"]

# A loaded machine makes any example slow; that says nothing of the code. What must be quick is measured on its own.
hypothesis.settings.register_profile(
    "webos", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("webos")
