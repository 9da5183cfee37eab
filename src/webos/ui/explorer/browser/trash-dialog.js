// What was deleted: taken back, or removed for good by who may.
import { toast } from "webos/toasts";
import { Modal } from "./modal.js";
import { localTime, textOf } from "./cells.js";
import { request } from "./request.js";

const SHOWN = 4;

export const TrashDialog = {
  props: { columns: Array, url: String, title: String },
  emits: ["close", "done"],
  components: { Modal },
  template: `
    <modal :title="'Trash of ' + title.toLowerCase()" wide ref="modal" @close="$emit('close')">
      <p v-if="problem" class="w-field__error" role="alert">{{ problem }} <button type="button" class="w-linkbutton" @click="load">Try again</button></p>
      <p v-else-if="rows === null">Loading…</p>
      <div v-else-if="!rows.length" class="w-record__empty"><strong>The trash is empty</strong><span>What is deleted stays here until it is restored or removed for good.</span></div>
      <div v-else class="w-xscroll" tabindex="0" role="region" aria-label="Deleted rows"><table class="w-xtable">
        <thead><tr><th scope="col"><input type="checkbox" class="w-checkbox" aria-label="All" :checked="chosen.size === rows.length" @change="all"></th>
          <th v-for="column in shown" :key="column.field" scope="col">{{ column.title }}</th><th scope="col">Deleted</th></tr></thead>
        <tbody><tr v-for="row in rows" :key="row.id"><td><input type="checkbox" class="w-checkbox" :aria-label="'Select ' + name(row)" :checked="chosen.has(row.id)" @change="toggle(row.id)"></td>
          <td v-for="column in shown" :key="column.field">{{ text(column, row) }}</td><td>{{ time(row.deleted_at) }}</td></tr></tbody></table></div>
      <p v-if="asking" class="w-notice w-notice--error" role="alert">{{ chosen.size.toLocaleString() }} {{ chosen.size === 1 ? "row" : "rows" }} and all values in the history will be gone. This cannot be undone.</p>
      <template #foot>
        <button v-if="purge && rows?.length && !asking" type="button" class="w-button w-button--ghost" :disabled="!chosen.size || busy" @click="asking = true">Remove for good…</button>
        <button v-if="asking" type="button" class="w-button w-button--danger" :disabled="busy" @click="act('purge')">Remove {{ chosen.size }} for good</button>
        <button v-if="asking" type="button" class="w-button w-button--secondary" @click="asking = false">Keep</button>
        <span class="w-explorer__space"></span>
        <button type="button" class="w-button w-button--secondary" @click="$refs.modal.close()">Close</button>
        <button v-if="!asking" type="button" class="w-button w-button--primary" :disabled="!chosen.size || busy" @click="act('restore')">Restore {{ chosen.size || "" }}</button>
      </template>
    </modal>`,
  data() {
    return { rows: null, purge: false, chosen: new Set(), problem: "", busy: false, asking: false };
  },
  computed: {
    shown() {
      return this.columns.slice(0, SHOWN);
    },
  },
  created() {
    this.load();
  },
  methods: {
    async load() {
      this.problem = "";
      try {
        const { rows, purge } = await request("GET", `${this.url}/trash`);
        Object.assign(this, { rows, purge, chosen: new Set() });
      } catch (error) {
        this.problem = error.message;
      }
    },
    toggle(id) {
      const chosen = new Set(this.chosen);
      if (!chosen.delete(id)) chosen.add(id);
      this.chosen = chosen;
      this.asking = false;
    },
    all(event) {
      this.chosen = new Set(event.target.checked ? this.rows.map(({ id }) => id) : []);
    },
    async act(what) {
      this.busy = true;
      try {
        const { done, problems } = await request("POST", `${this.url}/trash/${what}`, { ids: [...this.chosen] });
        const reasons = [...new Set(Object.values(problems))];
        if (done) toast({ severity: "success", message: `${done.toLocaleString()} ${what === "purge" ? "removed for good" : "restored"}` });
        if (reasons.length) toast({ severity: "warning", message: `${Object.keys(problems).length} not possible`, detail: reasons.join(" ") });
        this.asking = false;
        this.$emit("done");
        await this.load();
      } catch (error) {
        toast({ severity: "error", message: error.message });
      } finally {
        this.busy = false;
      }
    },
    text: (column, row) => textOf(column)(row[column.field]),
    name(row) {
      return this.shown.length ? this.text(this.shown[0], row) : row.id;
    },
    time: (value) => (value ? localTime(value) : ""),
  },
};
