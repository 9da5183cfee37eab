"""What a module says of itself."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from webos.kernel.permissions import PERMISSION_PATTERN

__all__ = ["ModuleManifest"]

ModuleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ModuleManifest(BaseModel):
    """A module's manifest: `manifest = ModuleManifest(...)` in its `manifest.py`, optional.

    Attributes:
        name: The folder's name.
        title: What people call it; the name, made readable, where empty.
        version: Version of the module.
        description: One sentence.
        icon: Name of a Material icon.
        requires: Modules that must run before this one.
        permissions: Permissions the module uses, each with what it allows.
        rate_limit: How often each user may ask its API, such as `100/minute`, or `off`; as the settings say where empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ModuleName
    title: str = ""
    version: str = "0.0.0"
    description: str = ""
    icon: str = "extension"
    requires: tuple[ModuleName, ...] = ()
    permissions: dict[str, str] = Field(default_factory=dict)
    rate_limit: str = ""

    @field_validator("permissions")
    @classmethod
    def _check_permissions(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not PERMISSION_PATTERN.match(name):
                msg = f"{name!r} is not a permission name such as inventory.read"
                raise ValueError(msg)
        return value

    @property
    def label(self) -> str:
        """What people call the module."""
        return self.title or self.name.replace("_", " ").capitalize()
