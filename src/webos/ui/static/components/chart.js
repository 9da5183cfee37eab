/* A Plotly figure in the colours of the theme, redrawn when the theme changes. */
import { colours, onThemeChange } from "webos/theme";

const SERIES = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `series-${number}`);

function template() {
  const c = colours(["text", "text-muted", "border", "overlay", "surface", ...SERIES]);
  const family = getComputedStyle(document.body).fontFamily;
  const axis = {
    automargin: true,
    gridcolor: c.border,
    linecolor: c.border,
    zerolinecolor: c.border,
    tickfont: { color: c["text-muted"], size: 12 },
    title: { font: { color: c["text-muted"], size: 12 }, standoff: 12 },
    ticks: "",
  };
  return {
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      colorway: SERIES.map((name) => c[name]),
      font: { family, size: 12, color: c.text },
      title: { font: { size: 14, weight: 600, color: c.text }, x: 0, xref: "container", xanchor: "left", pad: { l: 4 } },
      margin: { t: 48, r: 16, b: 40, l: 48 },
      hoverlabel: { bgcolor: c.overlay, bordercolor: c.border, font: { family, color: c.text, size: 12 } },
      legend: { font: { color: c["text-muted"] }, orientation: "h", y: -0.18, x: 0 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: c["text-muted"], activecolor: c.text },
      xaxis: { ...axis, showgrid: false },
      yaxis: axis,
      bargap: 0.28,
      barcornerradius: 3,
    },
    data: {
      bar: [{ marker: { line: { width: 0 } } }],
      scatter: [{ line: { width: 2 } }],
      pie: [{ marker: { line: { color: c.surface, width: 2 } } }],
      heatmap: [{ colorscale: [[0, c.surface], [1, c["series-1"]]] }],
    },
  };
}

export default {
  props: { options: String, label: String },
  template: `<div class="w-chart" role="figure" :aria-label="label"><div ref="plot"></div></div>`,
  async mounted() {
    const { Plotly } = await import("nicegui-plotly");
    if (!this.$refs.plot) return; // the page was left meanwhile
    this.plotly = Plotly;
    await this.update();
    this.forget = onThemeChange(() => this.update());
    this.observer = new ResizeObserver(() => this.$refs.plot && Plotly.Plots.resize(this.$refs.plot));
    this.observer.observe(this.$el);
  },
  unmounted() {
    this.forget?.();
    this.observer?.disconnect();
    if (this.plotly && this.plot) this.plotly.purge(this.plot);
  },
  methods: {
    update() {
      if (!this.plotly || !this.$refs.plot) return undefined;
      this.plot = this.$refs.plot;
      const { data, layout, config } = JSON.parse(this.options);
      layout.template ??= template();
      layout.title ??= undefined;
      if (!layout.title) layout.margin ??= { t: 16 };
      layout.height ??= 320;
      return this.plotly.react(this.plot, data, layout, { displaylogo: false, displayModeBar: "hover", ...config });
    },
  },
};
