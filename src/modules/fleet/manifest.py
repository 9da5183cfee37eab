from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="fleet",
    title="Fleet",
    version="1.0.0",
    description="Aircraft and the airlines that fly them.",
    icon="airlines",
    permissions={"fleet.read": "See aircraft and airlines", "fleet.write": "Change aircraft and airlines"},
)
