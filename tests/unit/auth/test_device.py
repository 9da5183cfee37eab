"""Names of devices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webos.auth.device import device_name

NAMES = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0": "Edge on Windows",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15": "Safari on macOS",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1": "Safari on iPhone",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36": "Chrome on Android",
    "curl/8.5.0": "curl",
    "python-httpx/0.28.1": "python-httpx",
    "": "Unknown device",
    "Mozilla/5.0": "Unknown device",
    "<script>alert(1)</script>": "Unknown device",
}


@pytest.mark.parametrize("user_agent", NAMES)
def test_names(user_agent: str) -> None:
    """Common browsers and programs are named as people know them."""
    assert device_name(user_agent) == NAMES[user_agent]


@given(st.text())
def test_any_text(user_agent: str) -> None:
    """Whatever a program says of itself, the name is short and harmless."""
    name = device_name(user_agent)
    assert 0 < len(name) <= 40
    assert name.isprintable()
    assert not set(name) & set("<>&\"'")
