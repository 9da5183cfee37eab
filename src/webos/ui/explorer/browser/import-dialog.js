// Import in steps: choose a file, say which column is which field, look at what would happen, run, report, undo.
import { Modal } from "./modal.js";
import { follow, pause, request, upload } from "./request.js";

const IMPORTS = "/api/webos/imports";
const MODES = [["insert", "Add new rows"], ["update", "Change stored rows"], ["upsert", "Change stored rows, add the others"]];
const STEPS = [["file", "File"], ["map", "Columns"], ["check", "Check"], ["run", "Import"]];

const plain = (name) => name.replace(/[\W_]+/gu, "").toLowerCase();

export const ImportDialog = {
  props: { url: String, title: String },
  emits: ["close", "done"],
  components: { Modal },
  template: `
    <modal :title="'Import ' + title.toLowerCase()" wide ref="modal" @close="leave">
      <ol class="w-steps"><li v-for="([name, label], at) in steps" :key="name" :aria-current="name === step ? 'step' : undefined" :class="{ 'w-steps--past': at < now }">{{ label }}</li></ol>
      <div v-if="step === 'file'" class="w-drop" @dragover.prevent @drop.prevent="take($event.dataTransfer.files[0])">
        <strong>{{ busy ? "Uploading…" : "Drop a file here" }}</strong><span>CSV, Excel (.xlsx) or JSON lines, with headings in the first row.</span>
        <label class="w-button w-button--secondary">Choose a file<input type="file" class="w-sr" accept=".csv,.tsv,.txt,.xlsx,.jsonl,.ndjson" @change="take($event.target.files[0])"></label>
      </div>
      <div v-else-if="step === 'map'" class="w-bulk">
        <div class="w-xscroll" tabindex="0" role="region" aria-label="Columns of the file"><table class="w-xtable">
          <thead><tr><th scope="col">Column of the file</th><th scope="col">Examples</th><th scope="col">Field</th></tr></thead>
          <tbody><tr v-for="(heading, at) in outline.headings" :key="at"><td><strong>{{ heading }}</strong></td><td class="w-xtable__faint">{{ examples(at) }}</td>
            <td><select class="w-input" :aria-label="'Field of ' + heading" v-model="mapping[heading]"><option value="">Leave out</option>
              <option v-for="field in outline.fields" :key="field.name" :value="field.name">{{ field.title }}{{ field.required ? " *" : "" }}</option></select></td></tr></tbody></table></div>
        <div class="w-bulk__options"><label>Rows of the file <select class="w-input" v-model="mode"><option v-for="[name, label] in modes" :key="name" :value="name">{{ label }}</option></select></label>
          <label v-if="mode !== 'insert'">Recognised by <select class="w-input" v-model="key"><option v-for="field in mapped" :key="field.name" :value="field.name">{{ field.title }}</option></select></label></div>
      </div>
      <div v-else-if="step === 'check'" class="w-bulk" aria-live="polite">
        <p v-if="!report">Going through the file…</p>
        <template v-else>
          <dl class="w-figures"><div v-for="[name, label] in figures" :key="name"><dt>{{ label }}</dt><dd :class="{ 'w-figures--bad': name === 'failed' && report.counts.failed }">{{ report.counts[name].toLocaleString() }}</dd></div></dl>
          <template v-if="report.failures.length"><p>These rows would be left out:</p>
            <div class="w-xscroll" tabindex="0" role="region" aria-label="Errors"><table class="w-xtable"><thead><tr><th scope="col">Row</th><th scope="col">Column</th><th scope="col">Value</th><th scope="col">What is wrong</th></tr></thead>
              <tbody><tr v-for="(each, at) in report.failures" :key="at"><td>{{ each.row }}</td><td>{{ each.column || "—" }}</td><td>{{ each.value || "—" }}</td><td>{{ each.message }}</td></tr></tbody></table></div></template>
        </template>
      </div>
      <div v-else class="w-bulk" role="status">
        <template v-if="!state || state.state === 'running' || state.state === 'ready'"><p>{{ (state?.counts.read ?? 0).toLocaleString() }}{{ state?.total ? " of about " + state.total.toLocaleString() : "" }} rows…</p>
          <progress class="w-bulk__bar" aria-label="Import" :value="state?.total ? state.counts.read : undefined" :max="state?.total || undefined"></progress>
          <p class="w-record__none">You can close this; it goes on in the background.</p></template>
        <template v-else><p><strong>{{ ends[state.state] ?? "Ended" }}</strong> {{ state.error }}</p>
          <dl class="w-figures"><div v-for="[name, label] in figures" :key="name"><dt>{{ label }}</dt><dd :class="{ 'w-figures--bad': name === 'failed' && state.counts.failed }">{{ state.counts[name].toLocaleString() }}</dd></div></dl>
          <a v-if="state.counts.failed" class="w-linkbutton" :href="failedUrl" download>Download the rows that were left out</a></template>
      </div>
      <p v-if="problem" class="w-field__error" role="alert">{{ problem }}</p>
      <template #foot>
        <button v-if="step === 'map' || step === 'check'" type="button" class="w-button w-button--ghost" :disabled="busy" @click="step = step === 'map' ? 'file' : 'map'; problem = ''">Back</button>
        <button v-if="step === 'run' && state?.state === 'done' && (state.counts.inserted || state.counts.updated)" type="button" class="w-button w-button--secondary" :disabled="busy" @click="undo">Undo import</button>
        <span class="w-explorer__space"></span>
        <button v-if="step !== 'run'" type="button" class="w-button w-button--secondary" @click="$refs.modal.close()">Cancel</button>
        <button v-if="step === 'map'" type="button" class="w-button w-button--primary" :disabled="busy" @click="check">Check</button>
        <button v-if="step === 'check'" type="button" class="w-button w-button--primary" :disabled="busy || !report || !useful" @click="run">Import {{ useful ? useful.toLocaleString() : "" }} {{ useful === 1 ? "row" : "rows" }}</button>
        <button v-if="step === 'run' && running" type="button" class="w-button w-button--secondary" @click="cancel">Stop</button>
        <button v-if="step === 'run'" type="button" class="w-button w-button--primary" @click="$refs.modal.close()">Close</button>
      </template>
    </modal>`,
  data() {
    return {
      steps: STEPS, modes: MODES, step: "file", busy: false, problem: "", id: "", outline: null, mapping: {}, mode: "insert", key: "", report: null, state: null, closed: false,
      figures: [["read", "Rows"], ["inserted", "New"], ["updated", "Changed"], ["unchanged", "As they were"], ["failed", "Left out"]],
      ends: { done: "The import is complete.", failed: "The import has failed.", cancelled: "The import was stopped.", undone: "The import was taken back." },
    };
  },
  computed: {
    now() {
      return STEPS.findIndex(([name]) => name === this.step);
    },
    running() {
      return !this.state || ["running", "ready"].includes(this.state.state);
    },
    mapped() {
      const used = new Set(Object.values(this.mapping));
      return this.outline.fields.filter(({ name }) => used.has(name));
    },
    useful() {
      return this.report ? this.report.counts.inserted + this.report.counts.updated : 0;
    },
    failedUrl() {
      return `${window.path_prefix ?? ""}${IMPORTS}/${this.id}/failed`;
    },
  },
  methods: {
    async attempt(work) {
      this.busy = true;
      this.problem = "";
      try {
        await work();
      } catch (error) {
        this.problem = error.sentence ?? String(error);
      } finally {
        this.busy = false;
      }
    },
    take(file) {
      if (!file) return;
      return this.attempt(async () => {
        this.id = (await upload(`${this.url}/imports?filename=${encodeURIComponent(file.name)}`, file)).id;
        this.outline = await request("GET", `${IMPORTS}/${this.id}/outline`);
        const free = [...this.outline.fields];
        this.mapping = Object.fromEntries(this.outline.headings.map((heading) => {
          const at = free.findIndex((field) => [field.name, field.title].map(plain).includes(plain(heading)));
          return [heading, at < 0 ? "" : free.splice(at, 1)[0].name];
        }));
        this.step = "map";
      });
    },
    examples(at) {
      return this.outline.rows.map((row) => row[at]).filter(Boolean).slice(0, 3).join(" · ");
    },
    check() {
      return this.attempt(async () => {
        const chosen = Object.entries(this.mapping).filter(([, field]) => field);
        const key = this.mapped.some(({ name }) => name === this.key) ? this.key : this.mapped[0]?.name;
        this.report = null;
        await request("PUT", `${IMPORTS}/${this.id}/options`, {
          mapping: Object.fromEntries(chosen), ignore: Object.entries(this.mapping).filter(([, field]) => !field).map(([heading]) => heading),
          mode: this.mode, key: this.mode === "insert" || !key ? [] : [key],
        });
        this.step = "check";
        try {
          this.report = await request("POST", `${IMPORTS}/${this.id}/check`);
        } catch (error) {
          this.step = "map";
          throw error;
        }
      });
    },
    run() {
      return this.attempt(async () => {
        await request("POST", `${IMPORTS}/${this.id}/start`);
        this.step = "run";
        await this.watch();
      });
    },
    async watch() {
      for (let wait = 200; !this.closed; wait = Math.min(wait * 1.3, 1500)) {
        this.state = await request("GET", `${IMPORTS}/${this.id}`);
        if (!this.running) break;
        await pause(wait);
      }
      this.$emit("done");
    },
    async cancel() {
      await request("POST", `${IMPORTS}/${this.id}/cancel`).catch(() => undefined);
    },
    undo() {
      return this.attempt(async () => {
        const { task } = await request("POST", `${IMPORTS}/${this.id}/undo`);
        const end = await follow(`${this.url}/tasks/${task}`, () => !this.closed);
        if (end.state === "failed") throw end.error || "The import could not be taken back.";
        this.state = { ...(await request("GET", `${IMPORTS}/${this.id}`)), state: "undone" };
        if (end.result?.conflicts?.length) this.problem = `${end.result.conflicts.length} rows were changed since and stay.`;
        this.$emit("done");
      });
    },
    leave() {
      this.closed = true;
      this.$emit("close");
    },
  },
};
