from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="flights",
    title="Flights",
    version="1.0.0",
    description="Every flight that left New York in 2013.",
    icon="flight_takeoff",
    requires=["fleet", "airports"],
    permissions={"flights.read": "See flights", "flights.write": "Change and import flights"},
)
