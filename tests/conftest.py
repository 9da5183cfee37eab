"""What holds for all tests."""

import hypothesis

# A loaded machine makes any example slow; that says nothing of the code. What must be quick is measured on its own.
hypothesis.settings.register_profile(
    "webos", deadline=None, print_blob=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("webos")
