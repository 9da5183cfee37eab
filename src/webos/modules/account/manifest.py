from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="account",
    title="Your account",
    version="0.1.0",
    description="One's own name, address, password, sessions and API keys.",
    icon="account_circle",
)
