"""The settings of how the product is called and looks."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

__all__ = ["LOGO_TYPES", "BrandSettings"]

LOGO_TYPES = (".svg", ".png", ".webp")
_MOST_BYTES = 512 * 1024


class BrandSettings(BaseSettings):
    """Name, logo and colour."""

    brand_name: str = Field(
        default="WebOS", pattern=r"^\S(.{0,38}\S)?$", description="Name of the product, up to 40 characters."
    )
    brand_logo: Path | None = Field(
        default=None, description="File with the logo, SVG, PNG or WebP of up to 512 kB; it is shown as a square."
    )
    brand_color: str | None = Field(
        default=None,
        pattern=r"^#[0-9A-Fa-f]{6}$",
        description="The one colour for buttons, links and marks, `#rrggbb`; shades that can be read are made of it.",
    )

    @field_validator("brand_logo")
    @classmethod
    def _check_logo(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        if value.suffix.lower() not in LOGO_TYPES or not value.is_file() or value.stat().st_size > _MOST_BYTES:
            msg = "must be an SVG, PNG or WebP file of up to 512 kB"
            raise ValueError(msg)
        return value
