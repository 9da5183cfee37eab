from nicegui import ui

from webos.sdk import Module, ModuleSet, ModuleState, Page

_TONES = {
    ModuleState.RUNNING: "success",
    ModuleState.FAILED: "danger",
}


class ModulesPage(Page):
    """Every module with its state, and for a failed one the reason."""

    path = "/admin/modules"
    title = "Modules"
    icon = "extension"
    permission = "admin.read"
    group = "Administration"
    order = 1

    async def build(self) -> None:
        """List the modules, the failed ones first."""
        modules = sorted(self.service(ModuleSet), key=lambda module: (not module.failed, module.manifest.label))
        with ui.element("ul").classes("w-list"):
            for module in modules:
                _add(module)


def _add(module: Module) -> None:
    with ui.element("li").classes("w-card w-list__item").mark(f"module-{module.name}"):
        with ui.element("div").classes("w-list__head"):
            ui.label(module.manifest.label).classes("w-list__title")
            ui.label(module.state.value.capitalize()).classes(f"w-badge w-badge--{_TONES.get(module.state, 'muted')}")
        ui.label(_summary(module)).classes("w-list__text")
        if module.failure is not None:
            ui.label(f"Could not {module.failure.phase.value}.").classes("w-list__text")
            with ui.element("pre").classes("w-list__reason"):
                ui.label(module.failure.reason)


def _summary(module: Module) -> str:
    parts = [f"{module.name} {module.manifest.version}"]
    if module.manifest.description:
        parts.append(module.manifest.description)
    if module.manifest.requires:
        parts.append(f"Requires {', '.join(module.manifest.requires)}.")
    return " · ".join(parts)
