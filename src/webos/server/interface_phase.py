"""Boot phase: the modules' pages, widgets and admin pages."""

from webos.kernel.errors import ConfigurationError
from webos.kernel.loader import defined_in
from webos.kernel.module import Module, Phase
from webos.server.state import Application
from webos.ui.page import Page

__all__ = ["register_interface"]


async def register_interface(app: Application) -> None:
    """Register the pages of every module's `ui.py` and call its hooks for the layout and the admin panel."""
    declared = app.modules.permissions()
    for module in app.modules.healthy():
        with module.isolated(Phase.INTERFACE):
            if "ui" in module.parts:
                for page in defined_in(module.parts["ui"], Page):
                    _check(page, declared)
                    app.interface.pages.add_page(page, module)
            layout = app.interface.layout.owned_by(module.name)
            admin = app.interface.admin.owned_by(module.name)
        if not module.failed:
            await app.hooks.call("register_ui", module, Phase.INTERFACE, layout=layout)
            await app.hooks.call("register_admin_ui", module, Phase.INTERFACE, admin=admin)


def withdraw_interface(app: Application, module: Module) -> None:
    """Take away all that `module` shows."""
    app.interface.pages.remove_module(module.name)
    app.interface.layout.remove_owner(module.name)
    app.interface.admin.remove_owner(module.name)


def _check(page: type[Page], declared: dict[str, str]) -> None:
    if page.permission and page.permission not in declared:
        msg = f"{page.__name__} needs the permission {page.permission!r}, which no manifest declares"
        raise ConfigurationError(msg)
