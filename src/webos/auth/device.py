"""Naming a device in words, from what its browser says of itself."""

import re

__all__ = ["LONGEST_USER_AGENT", "device_name"]

LONGEST_USER_AGENT = 400
"""How much of what a browser says is kept."""

# The first that fits: most browsers claim to be their rivals as well.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_PROGRAM = re.compile(r"[A-Za-z][\w.-]{1,39}(?=/|$)")


def device_name(user_agent: str) -> str:
    """Return a device's name, such as `Firefox on Linux`, or that of a program, such as `curl`.

    It is for people to recognise their own devices; anybody can claim anything.

    Args:
        user_agent: The header of that name.
    """
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    program = _PROGRAM.match(user_agent)
    return browser or (program[0] if program and program[0] != "Mozilla" else "") or "Unknown device"
