"""The manifest."""

from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="workshop",
    title="Workshop",
    icon="build",
    permissions={"workshop.read": "See jobs", "workshop.write": "Change jobs"},
)
