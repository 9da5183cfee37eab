"""Charts in the colours of the theme."""

from typing import Any

import orjson
from nicegui.element import Element
from nicegui.elements.plotly.plotly import Plotly

from webos.ui.assets import COMPONENTS

__all__ = ["Chart"]


class Chart(Plotly, component=COMPONENTS / "chart.js"):
    """A Plotly figure that follows the theme, live; the library is loaded by the first chart a browser shows.

    What the figure itself sets stays; only Plotly's own default look is replaced.

    Args:
        figure: A `plotly.graph_objects.Figure`, or a dictionary with `data`, `layout` and maybe `config`.
        label: What it shows, for screen readers; the figure's title where empty.
    """

    def __init__(self, figure: Any, *, label: str = "") -> None:  # noqa: ANN401 - plotly has no types
        super().__init__(figure)
        self._classes.remove("js-plotly-plot")
        self._props["label"] = label or self._heading or "Chart"

    def update(self) -> None:
        """Draw the figure as it is now."""
        figure = self._get_figure_json()
        title = figure["layout"].get("title")
        self._heading = str((title.get("text") if isinstance(title, dict) else title) or "")
        with self._props.suspend_updates():
            # As text: NiceGUI makes an observed copy of everything nested, and charts are long lists.
            self._props["options"] = orjson.dumps(
                figure, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=str
            ).decode()
        Element.update(self)

    def _get_figure_json(self) -> dict[str, Any]:
        figure: dict[str, Any] = dict(super()._get_figure_json())
        layout = dict(figure.get("layout") or {})
        if _is_default(layout.get("template")):
            layout.pop("template", None)
        figure["layout"] = layout
        return figure


def _is_default(template: Any) -> bool:  # noqa: ANN401 - plotly has no types
    """Return whether a figure has the template that Plotly gives every figure."""
    if template is None:
        return True
    import plotly.io  # type: ignore[import-untyped]  # plotly ships no types

    default = plotly.io.templates.default
    return bool(default and template == plotly.io.templates[default].to_plotly_json())
