"""How NiceGUI's own elements look by default, so that what modules build by hand fits in."""

from nicegui import app, ui

__all__ = ["set_element_defaults"]

_QUASAR_COLOURS = {
    "primary": "primary",
    "secondary": "text-muted",
    "accent": "primary",
    "dark": "surface",
    "dark_page": "bg",
    "positive": "success",
    "negative": "danger",
    "info": "info",
    "warning": "warning",
}


def set_element_defaults() -> None:
    """Give NiceGUI's elements the tokens' colours and shapes; what a module sets itself stays."""
    app.colors(**{name: f"var(--w-{token})" for name, token in _QUASAR_COLOURS.items()})
    # Quasar's bar for requests would flicker beside ours, and has no name for screen readers.
    app.config.quasar_config["loadingBar"] = {"skipHijack": True}
    ui.button.default_props("no-caps unelevated")
    ui.card.default_props("flat")
    ui.table.default_props("flat")
    ui.tabs.default_props("no-caps inline-label align=left")
    for field in (ui.input, ui.number, ui.select, ui.textarea):
        field.default_props("outlined dense")
    for switch in (ui.checkbox, ui.radio, ui.toggle, ui.switch):
        switch.default_props("dense no-caps")
