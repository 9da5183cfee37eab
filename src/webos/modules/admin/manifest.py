from webos.sdk import ModuleManifest

manifest = ModuleManifest(
    name="admin",
    title="Administration",
    version="0.1.0",
    description="How the modules are, and what they add for administrators.",
    icon="admin_panel_settings",
    permissions={
        "admin.access": "See who may do what with a document, and which rule decides",
        "admin.audit": "See changes of all documents, sign-ins and changes of accounts",
        "admin.read": "See the state of the modules",
        "admin.settings": "Change the settings of modules",
        "admin.events": "See events and have them delivered again",
        "admin.users": "Make and change users, roles and groups, as far as one's own permissions reach",
        "admin.tasks": "See and end the tasks of others",
    },
)
