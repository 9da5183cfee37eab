"""A brand's one colour, as shades that can be read in both themes."""

import colorsys

__all__ = ["brand_tokens", "contrast"]

Colour = tuple[float, float, float]

_TEXT = 4.5
_MARK = 3.0
_WHITE = "#ffffff"
_BLACK = "#000000"
# The surfaces of `tokens.css` that text and marks stand on, by theme.
_LIGHT = ("#ffffff", "#f7f7f8", "#f3f4f6")
_DARK = ("#15171b", "#0e0f12", "#1c1f24")
_STEP = 0.01
# Below it, brightness and the value of a channel are proportional.
_LINEAR = 0.03928


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours as WCAG has it, from 1 to 21."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def brand_tokens(colour: str) -> str:
    """Return a stylesheet that makes `colour` the accent of both themes.

    The colour is taken as it is where it can be; else it becomes darker or lighter by as little as makes text on it,
    and it as text, keep WCAG AA.

    Args:
        colour: As `#rrggbb`.
    """
    # A fill has to be seen in the dark, too.
    fills = (_until(colour, (_WHITE,), 1.3, lighter=False), _until(colour, _DARK, 2.0, lighter=True))
    on = tuple(_WHITE if contrast(fill, _WHITE) >= _TEXT else _BLACK for fill in fills)
    hovers = tuple(_hover(fill, text) for fill, text in zip(fills, on, strict=True))
    soft = (_mix(colour, _WHITE, 0.08), _mix(colour, _DARK[0], 0.2))
    texts = (
        _until(colour, (*_LIGHT, soft[0]), _TEXT, lighter=False),
        _until(colour, (*_DARK, soft[1]), _TEXT, lighter=True),
    )
    marks = (_until(colour, _LIGHT, _MARK, lighter=False), _until(colour, _DARK, _MARK, lighter=True))
    tokens = {
        "primary": fills,
        "primary-hover": hovers,
        "on-primary": on,
        "primary-text": texts,
        "primary-soft": soft,
        "focus": marks,
        "info": texts,
        "series-1": marks,
    }
    lines = [f"  --w-{name}: light-dark({light}, {dark});" for name, (light, dark) in tokens.items()]
    return "\n".join((":root {", *lines, "}", ""))


def _hover(fill: str, text: str) -> str:
    """Return a shade away from the text on it, so that the text stays readable."""
    return _mix(fill, _BLACK if text == _WHITE else _WHITE, 0.86)


def _until(colour: str, backs: tuple[str, ...], least: float, *, lighter: bool) -> str:
    hue, light, saturation = colorsys.rgb_to_hls(*_parts(colour))
    while min(contrast(colour, back) for back in backs) < least and 0 < light + (_STEP if lighter else -_STEP) < 1:
        light += _STEP if lighter else -_STEP
        colour = _text(colorsys.hls_to_rgb(hue, light, saturation))
    return colour


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(other), strict=True)
    red, green, blue = (first * share + second * (1 - share) for first, second in pairs)
    return _text((red, green, blue))


def _parts(colour: str) -> Colour:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _text(parts: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _luminance(colour: str) -> float:
    linear = [part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
