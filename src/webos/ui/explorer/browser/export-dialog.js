// The rows of the filter as a file.
import { Modal } from "./modal.js";
import { Problem, address } from "./request.js";

const FORMATS = [["csv", "CSV", "For any program"], ["xlsx", "Excel", "A workbook with types"], ["jsonl", "JSON lines", "For programs, one object a line"]];

export const ExportDialog = {
  props: { url: String, query: Object, shown: Array, total: Number, title: String },
  emits: ["close"],
  components: { Modal },
  template: `
    <modal title="Export" ref="modal" @close="leave">
      <p>{{ total === null ? "All rows" : total.toLocaleString() + (total === 1 ? " row" : " rows") }} of the current search and filter, in the current order.</p>
      <fieldset class="w-choices"><legend>Format</legend>
        <label v-for="[name, label, hint] in formats" :key="name"><input type="radio" name="w-export-format" :value="name" v-model="format"><span><strong>{{ label }}</strong><small>{{ hint }}</small></span></label></fieldset>
      <label class="w-check"><input type="checkbox" class="w-checkbox" v-model="all">All columns, also hidden ones</label>
      <label class="w-check"><input type="checkbox" class="w-checkbox" v-model="titles">Headings as people read them, not the names of the fields</label>
      <div v-if="busy" role="status"><p>{{ size ? bytes + " received…" : "Collecting the rows…" }}</p><progress class="w-bulk__bar" aria-label="Export"></progress></div>
      <p v-if="problem" class="w-field__error" role="alert">{{ problem }}</p>
      <template #foot><span class="w-explorer__space"></span>
        <button type="button" class="w-button w-button--secondary" @click="$refs.modal.close()">{{ busy ? "Stop" : "Close" }}</button>
        <button type="button" class="w-button w-button--primary" :disabled="busy" @click="run">Export</button></template>
    </modal>`,
  data() {
    return { formats: FORMATS, format: "csv", all: false, titles: true, busy: false, size: 0, problem: "" };
  },
  computed: {
    bytes() {
      return this.size > 1e6 ? `${(this.size / 1e6).toFixed(1)} MB` : `${Math.ceil(this.size / 1e3)} kB`;
    },
  },
  methods: {
    leave() {
      this.stop?.abort();
      this.$emit("close");
    },
    async run() {
      const words = new URLSearchParams({ format: this.format, search: this.query.search, titles: String(this.titles), sort: this.query.sort.map(([name, way]) => (way === "desc" ? "-" : "") + name).join(",") });
      if (this.query.tree) words.set("tree", JSON.stringify(this.query.tree));
      if (!this.all) words.set("columns", this.shown.join(","));
      Object.assign(this, { busy: true, size: 0, problem: "" });
      this.stop = new AbortController();
      try {
        const response = await fetch(address(`${this.url}/export?${words}`), { signal: this.stop.signal });
        if (!response.ok) throw new Problem(await response.json().catch(() => ({})), response.status);
        const parts = [];
        const reader = response.body.getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          parts.push(part.value);
          this.size += part.value.length;
        }
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob(parts, { type: response.headers.get("content-type") }));
        link.download = decodeURIComponent(/filename\*=UTF-8''([^;]+)/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? `export.${this.format}`);
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
        this.$refs.modal?.close();
      } catch (error) {
        if (error.name !== "AbortError") this.problem = error.sentence ?? "The connection ended before the file was complete.";
      } finally {
        this.busy = false;
      }
    },
  },
};
