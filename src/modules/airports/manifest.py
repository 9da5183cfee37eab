from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="airports",
    title="Airports",
    version="1.0.0",
    description="Airports and the weather at them.",
    icon="connecting_airports",
    permissions={"airports.read": "See airports and weather", "airports.write": "Change airports and weather"},
)
