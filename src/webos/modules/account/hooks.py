from nicegui import ui

from webos.sdk import LayoutManager, hookimpl

_PATH = "/account"


@hookimpl
def register_ui(layout: LayoutManager) -> None:
    """Lead to the account from the user's menu and from the palette."""
    layout.add("user_menu", _menu_item)
    layout.add_action(
        "Open your account",
        lambda: ui.navigate.to(_PATH),
        icon="account_circle",
        keywords="profile password e-mail sessions sign out everywhere api keys",
    )


def _menu_item() -> None:
    item = ui.element("a").classes("w-menu__item")
    item.props["href"] = ui.context.client.request.scope.get("root_path", "") + _PATH
    item.props["data-menuitem"] = True
    with item:
        ui.label("account_circle").classes("w-icon").props("aria-hidden=true")
        ui.label("Your account")
