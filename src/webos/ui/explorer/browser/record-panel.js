// One record beside the grid: its fields, its history, what is linked to it; also other records that one comes to by links.
import { toast } from "webos/toasts";
import { ValueInput } from "./value-input.js";
import { textOf, localTime } from "./cells.js";
import { Problem, request } from "./request.js";

const TABS = [["details", "Details"], ["links", "Links"], ["history", "History"]];
const OPERATIONS = { insert: "Created", update: "Changed", delete: "Deleted", restore: "Restored", purge: "Removed for good" };

export const RecordPanel = {
  props: { model: String, id: String, tables: String, position: String, hasPrevious: Boolean, hasNext: Boolean },
  emits: ["close", "previous", "next", "changed", "duplicate", "remove", "conflict"],
  components: { ValueInput },
  template: `
    <aside class="w-record" aria-label="Record" tabindex="-1" ref="panel" @keydown="keys">
      <header class="w-record__head">
        <button v-if="trail.length > 1" type="button" class="w-iconbutton" aria-label="Back" @click="back"><span class="w-icon" aria-hidden="true">arrow_back</span></button>
        <div class="w-record__title"><small>{{ record?.title ?? "" }}</small><h2 ref="heading" tabindex="-1">{{ record?.label ?? (problem ? "Not available" : "…") }}</h2></div>
        <template v-if="trail.length === 1">
          <button type="button" class="w-iconbutton" aria-label="Previous record" title="Previous (K)" :disabled="!hasPrevious" @click="$emit('previous')"><span class="w-icon" aria-hidden="true">keyboard_arrow_up</span></button>
          <button type="button" class="w-iconbutton" aria-label="Next record" title="Next (J)" :disabled="!hasNext" @click="$emit('next')"><span class="w-icon" aria-hidden="true">keyboard_arrow_down</span></button>
          <button type="button" class="w-iconbutton" aria-label="Copy link" title="Copy link" @click="copyLink"><span class="w-icon" aria-hidden="true">link</span></button>
          <button v-if="record?.writable" type="button" class="w-iconbutton" aria-label="Duplicate" title="Duplicate" @click="$emit('duplicate', id)"><span class="w-icon" aria-hidden="true">content_copy</span></button>
          <button v-if="record?.writable" type="button" class="w-iconbutton" aria-label="Delete" title="Delete" @click="$emit('remove', id)"><span class="w-icon" aria-hidden="true">delete</span></button>
        </template>
        <button type="button" class="w-iconbutton" aria-label="Close record" title="Close (Esc)" @click="$emit('close')"><span class="w-icon" aria-hidden="true">close</span></button>
      </header>
      <div class="w-record__tabs" role="tablist" aria-label="Parts of the record">
        <button v-for="[name, title] in tabs" :key="name" type="button" role="tab" :id="uid + name" :aria-selected="String(tab === name)" :tabindex="tab === name ? 0 : -1"
          :aria-controls="uid + 'panel'" @click="open(name)" @keydown.left.prevent="step(-1)" @keydown.right.prevent="step(1)">{{ title }}<i v-if="name === 'links' && linkCount"> {{ linkCount }}</i></button>
      </div>
      <div class="w-record__body" role="tabpanel" :id="uid + 'panel'" :aria-labelledby="uid + tab" :aria-busy="String(!record && !problem)">
        <div v-if="problem" class="w-record__empty" role="alert"><strong>This record cannot be shown</strong><span>{{ problem }}</span>
          <button type="button" class="w-button w-button--secondary" @click="load">Try again</button></div>
        <div v-else-if="!record" class="w-record__skeleton" aria-hidden="true"><i v-for="n in 6" :key="n"></i></div>
        <dl v-else-if="tab === 'details'" class="w-record__fields">
          <template v-for="column in record.columns" :key="column.field">
            <dt :title="column.description">{{ column.title }}</dt>
            <dd>
              <form v-if="editing === column.field" class="w-record__edit" @submit.prevent="save(column)" @keydown.esc.stop.prevent="stop(column)">
                <value-input :column="column" :model-value="draft" :label="column.title" :url="tables + '/' + here.model" :invalid="!!wrong" autofocus @update:model-value="draft = $event"></value-input>
                <p v-if="wrong" class="w-field__error" role="alert">{{ wrong }}</p>
                <div><button type="submit" class="w-button w-button--primary" :disabled="saving">Save</button>
                  <button type="button" class="w-button w-button--ghost" @click="stop(column)">Cancel</button></div>
              </form>
              <template v-else>
                <button v-if="column.kind === 'link' && record.row[column.field]?.label" type="button" class="w-linkbutton w-record__link" @click="visit(column.target, record.row[column.field].id)">{{ record.row[column.field].label }}</button>
                <span v-else :class="{ 'w-record__none': !text(column) }">{{ text(column) || "—" }}</span>
                <button v-if="record.writable && column.editable" type="button" class="w-iconbutton w-record__pen" :ref="(el) => (pens[column.field] = el)" :aria-label="'Edit ' + column.title" @click="edit(column)">
                  <span class="w-icon" aria-hidden="true">edit</span></button>
              </template>
            </dd>
          </template>
          <dt>Created</dt><dd>{{ time(record.created_at) }}</dd>
          <dt>Changed</dt><dd>{{ time(record.updated_at) }}</dd>
          <dt>Revision</dt><dd>{{ record.row.revision }}</dd>
        </dl>
        <div v-else-if="tab === 'links'" class="w-record__links">
          <p v-if="links === null">Loading…</p>
          <p v-else-if="!outgoing.length && !links.length" class="w-record__none">Nothing is linked to this record, and it links to nothing.</p>
          <template v-if="links !== null">
            <section v-if="outgoing.length"><h3>Links to</h3>
              <ul><li v-for="column in outgoing" :key="column.field"><small>{{ column.title }}</small>
                <button type="button" class="w-linkbutton" @click="visit(column.target, record.row[column.field].id)">{{ record.row[column.field].label }}</button></li></ul></section>
            <section v-for="group in links" :key="group.model + group.field">
              <h3><button type="button" class="w-record__fold" :aria-expanded="String(!!group.records)" @click="unfold(group)">
                <span class="w-icon" aria-hidden="true">{{ group.records ? "expand_more" : "chevron_right" }}</span>{{ group.title }} · {{ group.field_title }} <i>{{ group.count.toLocaleString() }}{{ group.more ? "+" : "" }}</i></button></h3>
              <ul v-if="group.records"><li v-for="each in group.records" :key="each.id"><button type="button" class="w-linkbutton" @click="visit(group.model, each.id)">{{ each.label }}</button></li>
                <li v-if="group.count > group.records.length" class="w-record__none">The first {{ group.records.length }} are shown.</li></ul>
            </section>
          </template>
        </div>
        <div v-else class="w-record__history">
          <p v-if="history === null">Loading…</p>
          <p v-else-if="!history.length" class="w-record__none">No changes are on record.</p>
          <ol v-else><li v-for="entry in history" :key="entry.revision + entry.operation">
            <div class="w-record__entry"><strong>{{ operations[entry.operation] ?? entry.operation }}</strong> by {{ entry.by || "system" }}
              <time :datetime="entry.at">{{ time(entry.at) }}</time>
              <button v-if="record.writable && entry.revision < record.row.revision && entry.operation !== 'delete'" type="button" class="w-linkbutton" @click="restore(entry)">Restore this version</button></div>
            <small v-if="entry.label" class="w-record__none">{{ entry.label }}</small>
            <dl v-if="entry.changes.length" class="w-record__diff"><template v-for="change in entry.changes" :key="change.field"><dt>{{ change.title }}</dt>
              <dd v-if="change.withheld"><em>{{ change.withheld === "secret" ? "A secret was changed" : "Too big to be kept" }}</em></dd>
              <dd v-else><del>{{ plain(change, "old") }}</del> <span aria-hidden="true">→</span> <ins>{{ plain(change, "new") }}</ins></dd></template></dl>
          </li></ol>
          <button v-if="older" type="button" class="w-button w-button--secondary" @click="loadHistory(true)">Show older changes</button>
        </div>
      </div>
      <footer v-if="position" class="w-record__foot" aria-live="polite">{{ position }}</footer>
    </aside>`,
  data() {
    return {
      uid: `w-record-${Math.random().toString(36).slice(2)}-`,
      tabs: TABS, operations: OPERATIONS, tab: "details", trail: [], record: null, problem: "", pens: {},
      links: null, history: null, older: false, editing: "", draft: null, wrong: "", saving: false,
    };
  },
  computed: {
    here() {
      return this.trail.at(-1);
    },
    base() {
      return `${this.tables}/${this.here.model}/rows/${encodeURIComponent(this.here.id)}`;
    },
    outgoing() {
      return this.record.columns.filter((column) => column.kind === "link" && this.record.row[column.field]?.label);
    },
    linkCount() {
      return this.links ? this.links.reduce((sum, { count }) => sum + count, 0).toLocaleString() : "";
    },
  },
  watch: {
    id() {
      this.start();
    },
  },
  created() {
    this.start();
  },
  mounted() {
    this.$refs.panel.focus({ preventScroll: true });
  },
  methods: {
    start() {
      this.trail = [{ model: this.model, id: this.id }];
      this.load();
    },
    visit(model, id) {
      if (!model) return;
      this.trail = [...this.trail, { model, id }];
      this.tab = "details";
      this.load().then(() => this.$nextTick(() => this.$refs.heading?.focus()));
    },
    back() {
      this.trail = this.trail.slice(0, -1);
      this.load();
    },
    async load() {
      const here = this.here;
      this.problem = "";
      this.stop();
      if (this.record && this.record.row.id !== here.id) this.record = this.links = this.history = null;
      try {
        const record = await request("GET", this.base);
        if (here !== this.here) return;
        this.record = record;
        this.history = this.links = null;
        this.open(this.tab);
      } catch (error) {
        if (here === this.here) [this.problem, this.record] = [error.message, null];
      }
    },
    // Somebody changed a record: what is being typed stays.
    refresh(ids) {
      if (this.record && ids.includes(this.here.id) && !this.editing) this.load();
    },
    open(tab) {
      this.tab = tab;
      if (tab === "history" && this.history === null) this.loadHistory();
      if (tab === "links" && this.links === null) this.loadLinks();
    },
    step(by) {
      const at = TABS.findIndex(([name]) => name === this.tab);
      this.open(TABS[(at + by + TABS.length) % TABS.length][0]);
      this.$nextTick(() => document.getElementById(this.uid + this.tab)?.focus());
    },
    async loadLinks() {
      const here = this.here;
      try {
        const { links } = await request("GET", `${this.base}/links`);
        if (here === this.here) this.links = links;
      } catch (error) {
        this.problem = error.message;
      }
    },
    async unfold(group) {
      if (group.records) return void (group.records = null);
      try {
        group.records = (await request("GET", `${this.base}/links/${group.model}/${group.field}`)).records;
      } catch (error) {
        toast({ severity: "error", message: error.message });
      }
    },
    async loadHistory(older = false) {
      const here = this.here;
      const before = older && this.history.length ? `?before=${this.history.at(-1).revision}` : "";
      try {
        const { entries } = await request("GET", `${this.base}/history${before}`);
        if (here !== this.here) return;
        this.history = older ? [...this.history, ...entries] : entries;
        this.older = entries.length >= 50;
      } catch (error) {
        this.problem = error.message;
      }
    },
    async restore(entry) {
      try {
        const { row } = await request("POST", `${this.base}/restore`, { revision: entry.revision, based_on: this.record.row.revision });
        toast({ severity: "success", message: `Version ${entry.revision} is restored` });
        this.$emit("changed", row, this.here.model);
        this.load();
      } catch (error) {
        toast({ severity: "error", message: error.message });
      }
    },
    edit(column) {
      this.editing = column.field;
      this.draft = this.record.row[column.field];
      this.wrong = "";
    },
    stop(column) {
      this.editing = "";
      if (column) this.$nextTick(() => this.pens[column.field]?.focus());
    },
    async save(column, draft = this.draft) {
      const was = this.record.row[column.field];
      const plain = (value) => (column.kind === "link" ? (value?.id ?? null) : (value ?? null));
      this.saving = true;
      this.wrong = "";
      try {
        const { row } = await request("PATCH", this.base, {
          changes: { [column.field]: plain(draft) }, was: { [column.field]: plain(was) }, revision: this.record.row.revision,
        });
        this.record.row = row;
        this.history = null;
        this.$emit("changed", row, this.here.model);
        this.stop(column);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.status === 409) return this.conflicted(column, draft, was, error);
        this.wrong = this.fieldProblem(column, error);
      } finally {
        this.saving = false;
      }
    },
    fieldProblem(column, error) {
      return error.fields[column.field] ?? error.sentence;
    },
    async conflicted(column, mine, base, error) {
      try {
        const record = await request("GET", this.base);
        const theirs = record.row[column.field];
        if (JSON.stringify(theirs) === JSON.stringify(base)) return void (this.wrong = this.fieldProblem(column, error));
        this.stop();
        this.record = record;
        this.$emit("conflict", { column, mine, theirs, base, take: () => this.save(column, mine) });
      } catch {
        this.wrong = error.message;
      }
    },
    async copyLink() {
      const url = new URL(location.href);
      url.searchParams.set("row", this.id);
      await navigator.clipboard?.writeText(url.href);
      toast({ severity: "success", message: "Link copied" });
    },
    keys(event) {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.closest("input, select, textarea");
      if (event.key === "Escape") this.$emit("close");
      else if (typing || this.trail.length > 1) return;
      else if (event.key === "j" || (event.key === "ArrowDown" && event.target === this.$refs.panel)) this.$emit("next");
      else if (event.key === "k" || (event.key === "ArrowUp" && event.target === this.$refs.panel)) this.$emit("previous");
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    text(column) {
      return textOf(column)(this.record.row[column.field]);
    },
    plain(change, which) {
      const value = change[which];
      if (value === null || value === undefined || value === "") return "—";
      const column = this.record.columns.find(({ field }) => field === change.field);
      if (!column || column.kind === "link") return String(value);
      return textOf(column)(value) || "—";
    },
    time: (value) => (value ? localTime(value) : "—"),
  },
};
