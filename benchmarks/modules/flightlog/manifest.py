"""The manifest."""

from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="flightlog",
    title="Flight log",
    icon="flight",
    permissions={"flightlog.read": "See flights", "flightlog.write": "Change flights"},
)
