// Changing or deleting many rows: what, how many, a look before, how far it is, and the way back.
import { toast } from "webos/toasts";
import { Modal } from "./modal.js";
import { ValueInput } from "./value-input.js";
import { textOf } from "./cells.js";
import { follow, request } from "./request.js";

export const BulkDialog = {
  props: { kind: String, columns: Array, url: String, selection: Object, number: Number, noun: String },
  emits: ["close", "done"],
  components: { Modal, ValueInput },
  template: `
    <modal :title="title" wide ref="modal" @close="leave">
      <div v-if="step === 'choose'" class="w-bulk">
        <template v-if="kind === 'edit'">
          <div v-for="(change, at) in changes" :key="at" class="w-cond" role="group" :aria-label="'Change ' + (at + 1)">
            <select class="w-input" aria-label="Field" :value="change.field" @change="setField(change, $event.target.value)">
              <option v-for="each in free(change)" :key="each.field" :value="each.field">{{ each.title }}</option></select>
            <span>becomes</span>
            <div class="w-cond__value"><value-input :key="change.field" :column="column(change)" :model-value="change.value" label="New value" :url="url" @update:model-value="change.value = $event"></value-input></div>
            <button v-if="changes.length > 1" type="button" class="w-iconbutton" aria-label="Remove" @click="changes.splice(at, 1)"><span class="w-icon" aria-hidden="true">close</span></button>
          </div>
          <button v-if="changes.length < editable.length" type="button" class="w-linkbutton" @click="add"><span class="w-icon" aria-hidden="true">add</span>Another field</button>
        </template>
        <p v-else-if="!preview">Looking at what would be deleted…</p>
      </div>
      <div v-if="preview && step === 'choose'" class="w-bulk__preview" aria-live="polite">
        <p><strong>{{ preview.count.toLocaleString() }} {{ preview.count === 1 ? "row" : "rows" }}</strong> will be {{ kind === "edit" ? "changed" : "deleted" }}.
          <template v-if="kind === 'delete'">They go to the trash and can be restored.</template></p>
        <table v-if="kind === 'edit' && preview.sample.length" class="w-xtable"><caption class="w-sr">Sample of the changes</caption>
          <thead><tr><th scope="col">{{ noun }}</th><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
          <tbody><template v-for="row in preview.sample" :key="row.id"><tr v-for="change in sent" :key="change.field"><td>{{ row.label }}</td><td>{{ column(change).title }}</td>
            <td><del>{{ show(change, row.before) }}</del></td><td><ins>{{ show(change, row.after, true) }}</ins></td></tr></template></tbody></table>
        <ul v-else-if="preview.sample.length" class="w-bulk__list"><li v-for="row in preview.sample" :key="row.id">{{ row.label }}</li>
          <li v-if="preview.count > preview.sample.length">and {{ (preview.count - preview.sample.length).toLocaleString() }} more</li></ul>
        <ul v-if="preview.problems.length" class="w-bulk__problems"><li v-for="each in preview.problems" :key="each.id"><strong>{{ each.label }}</strong>: {{ each.reason }}</li></ul>
      </div>
      <div v-if="step === 'run'" class="w-bulk" role="status">
        <p>{{ kind === "edit" ? "Changing" : "Deleting" }} {{ done.toLocaleString() }} of {{ (total ?? amount).toLocaleString() }} rows…</p>
        <progress class="w-bulk__bar" :aria-label="title" :value="done" :max="total ?? amount"></progress>
        <p class="w-record__none">You can close this; it goes on in the background.</p>
      </div>
      <div v-if="step === 'end'" class="w-bulk" role="status">
        <p><strong>{{ result.done.toLocaleString() }}</strong> {{ undone ? "taken back" : kind === "edit" ? "changed" : "deleted" }}<template v-if="result.unchanged">, {{ result.unchanged.toLocaleString() }} as they were</template><template v-if="result.failed">, <strong>{{ result.failed.toLocaleString() }} not possible</strong></template>.</p>
        <ul v-if="result.problems.length" class="w-bulk__problems"><li v-for="each in result.problems" :key="each.id"><strong>{{ each.label || each.id }}</strong>: {{ each.reason }}</li></ul>
      </div>
      <p v-if="problem" class="w-field__error" role="alert">{{ problem }}</p>
      <template #foot>
        <template v-if="step === 'choose'">
          <span class="w-explorer__space"></span>
          <button type="button" class="w-button w-button--secondary" @click="$refs.modal.close()">Cancel</button>
          <button v-if="kind === 'edit' && !fresh" type="button" class="w-button w-button--primary" :disabled="busy" @click="look">Preview</button>
          <button v-else type="button" class="w-button" :class="kind === 'edit' ? 'w-button--primary' : 'w-button--danger'" :disabled="busy || !preview?.count" @click="run">{{ kind === "edit" ? "Change" : "Delete" }} {{ preview?.count.toLocaleString() ?? "" }} {{ preview?.count === 1 ? "row" : "rows" }}</button>
        </template>
        <template v-else-if="step === 'run'"><span class="w-explorer__space"></span>
          <button type="button" class="w-button w-button--secondary" @click="cancel">Stop</button></template>
        <template v-else><button v-if="result.done && !undone" type="button" class="w-button w-button--secondary" @click="undo">Undo</button><span class="w-explorer__space"></span>
          <button type="button" class="w-button w-button--primary" @click="$refs.modal.close()">Close</button></template>
      </template>
    </modal>`,
  data() {
    // What was chosen when it opened: the choice is gone when the rows are changed.
    return { meant: this.selection, amount: this.number, step: "choose", changes: [], preview: null, seen: "", sent: [], busy: false, problem: "", done: 0, total: null, result: null, undone: false, task: "", closed: false };
  },
  computed: {
    title() {
      return `${this.kind === "edit" ? "Edit" : "Delete"} ${this.amount.toLocaleString()} ${this.amount === 1 ? "row" : "rows"}`;
    },
    editable() {
      return this.columns.filter((column) => column.editable);
    },
    fresh() {
      return this.preview !== null && this.seen === JSON.stringify(this.changes);
    },
  },
  created() {
    if (this.kind === "edit") this.add();
    else this.look();
  },
  methods: {
    column(change) {
      return this.columns.find(({ field }) => field === change.field);
    },
    free(change) {
      return this.editable.filter(({ field }) => field === change.field || !this.changes.some((each) => each.field === field));
    },
    setField(change, field) {
      change.field = field;
      change.value = this.initial(this.column(change));
    },
    initial: (column) => (column.optional ? null : column.kind === "boolean" ? true : column.kind === "choice" ? column.choices[0][0] : column.kind === "text" ? "" : null),
    add() {
      const column = this.editable.find(({ field }) => !this.changes.some((each) => each.field === field));
      if (column) this.changes.push({ field: column.field, value: this.initial(column) });
    },
    body() {
      if (this.kind !== "edit") return { ...this.meant };
      const plain = (change) => (this.column(change).kind === "link" ? (change.value?.id ?? null) : change.value);
      return { ...this.meant, changes: Object.fromEntries(this.changes.map((change) => [change.field, plain(change)])) };
    },
    async look() {
      this.busy = true;
      this.problem = "";
      try {
        const seen = JSON.stringify(this.changes);
        this.preview = await request("POST", `${this.url}/bulk/preview`, this.body());
        this.seen = seen;
        this.sent = JSON.parse(seen);
      } catch (error) {
        this.problem = error.sentence ?? error.message;
      } finally {
        this.busy = false;
      }
    },
    async run() {
      this.busy = true;
      this.problem = "";
      try {
        const { task } = await request("POST", `${this.url}/bulk`, { ...this.body(), expected: this.preview.count });
        await this.watch(task);
      } catch (error) {
        this.problem = error.sentence ?? error.message;
        this.step = "choose";
      } finally {
        this.busy = false;
      }
    },
    async watch(task) {
      this.task = task;
      this.step = "run";
      this.done = 0;
      const end = await follow(`${this.url}/tasks/${task}`, (now) => {
        this.done = now.done;
        this.total = now.total;
        return !this.closed;
      });
      if (this.closed) return;
      if (end.state === "done") {
        this.result = end.result;
        this.step = "end";
        this.$emit("done");
        return;
      }
      this.problem = end.state === "cancelled" ? "It was stopped. What was done before stays." : end.error || "It has failed.";
      this.preview = null;
      this.step = "choose";
      if (this.kind !== "edit") this.look();
      this.$emit("done");
    },
    async cancel() {
      await request("POST", `${this.url}/tasks/${this.task}/cancel`).catch(() => undefined);
    },
    async undo() {
      try {
        const { task } = await request("POST", `${this.url}/bulk/undo`, { change_set: this.result.change_set });
        this.undone = true;
        await this.watch(task);
      } catch (error) {
        toast({ severity: "error", message: error.message });
      }
    },
    show(change, values, isNew = false) {
      const column = this.column(change);
      const value = values?.[change.field];
      if (column.kind === "link") return isNew ? change.value?.label || "—" : value ? "another record" : "—";
      return textOf(column)(value) || "—";
    },
    leave() {
      this.closed = true;
      this.$emit("close");
    },
  },
};
