// The data explorer: one Vue component around AG Grid's infinite row model.
// Rows come over HTTP, so that the interface's socket stays free; the server only says through the socket what changed.
import * as AgGrid from "nicegui-aggrid";

const BLOCK = 100;
const SEARCH_PAUSE = 250;
const REFRESH_PAUSE = 1000;

const theme = AgGrid.themeQuartz.withPart(AgGrid.colorSchemeVariable);

class Problem extends Error {
  constructor(document, status) {
    super(document.detail || document.title || "The server did not answer as expected.");
    this.document = document;
    this.status = status;
  }
}

async function request(method, url, body) {
  let response;
  try {
    response = await fetch(url, {
      method,
      headers: { "content-type": "application/json", accept: "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem({ detail: "The server cannot be reached. Check your connection and try again." }, 0);
  }
  if (response.status === 401) {
    window.location.href = "/login?next=" + encodeURIComponent(window.location.pathname + window.location.search);
  }
  const text = await response.text();
  let document = {};
  try {
    document = text ? JSON.parse(text) : {};
  } catch {
    document = { detail: "The server did not answer as expected." };
  }
  if (!response.ok) throw new Problem(document, response.status);
  return document;
}

const pad = (number) => String(number).padStart(2, "0");

function localTime(value) {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return String(value);
  return (
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}`
  );
}

function parseTime(text) {
  const match = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*$/.exec(text ?? "");
  if (!match) return text;
  const [, year, month, day, hour = 0, minute = 0, second = 0] = match.map(Number).map((n) => (n !== n ? 0 : n));
  return new Date(year, month - 1, day, hour, minute, second).toISOString();
}

function formatter(column) {
  const labels = new Map(column.choices.map(([value, label]) => [value, label]));
  switch (column.kind) {
    case "link":
      return ({ value }) => (value ? value.label || "No access" : "");
    case "choice":
      return ({ value }) => (value === null || value === undefined ? "" : (labels.get(value) ?? String(value)));
    case "datetime":
      return ({ value }) => (value ? localTime(value) : "");
    case "integer":
    case "float":
      return ({ value }) => (typeof value === "number" ? value.toLocaleString() : (value ?? ""));
    case "decimal":
      return ({ value }) => value ?? "";
    case "other":
      return ({ value }) => (value === null || value === undefined ? "" : JSON.stringify(value));
    default:
      return ({ value }) => (value === null || value === undefined ? "" : String(value));
  }
}

const NUMERIC = new Set(["integer", "float", "decimal"]);
const FILTERS = {
  text: "agTextColumnFilter",
  link: "agTextColumnFilter",
  choice: "agTextColumnFilter",
  integer: "agNumberColumnFilter",
  float: "agNumberColumnFilter",
  decimal: "agNumberColumnFilter",
  date: "agDateColumnFilter",
  datetime: "agDateColumnFilter",
  boolean: "agTextColumnFilter",
};
const BOOLEAN_OPTIONS = [
  { displayKey: "true", displayName: "Yes", predicate: () => true, numberOfInputs: 0 },
  { displayKey: "false", displayName: "No", predicate: () => true, numberOfInputs: 0 },
];
const MULTIPLE = 5;

function filterParams(column) {
  const params = { maxNumConditions: column.kind === "link" ? 1 : MULTIPLE, buttons: ["reset"], debounceMs: 400 };
  if (column.kind === "boolean") return { ...params, filterOptions: ["empty", ...BOOLEAN_OPTIONS], maxNumConditions: 1 };
  if (column.kind === "choice") return { ...params, filterOptions: ["equals", "notEqual", "contains", "blank", "notBlank"] };
  if (column.kind === "datetime" || column.kind === "date") {
    return { ...params, filterOptions: ["equals", "lessThan", "greaterThan", "inRange", "blank", "notBlank"] };
  }
  return params;
}

function editing(column) {
  switch (column.kind) {
    case "integer":
    case "float":
      return { cellEditor: "agNumberCellEditor", cellEditorParams: { showStepperButtons: false } };
    case "decimal":
      return {
        cellEditor: "agTextCellEditor",
        valueParser: ({ newValue }) => (newValue === "" || newValue === null ? null : String(newValue).trim()),
      };
    case "boolean":
      return { cellEditor: "agCheckboxCellEditor" };
    case "choice":
      return {
        cellEditor: "agSelectCellEditor",
        cellEditorParams: { values: [...(column.optional ? [null] : []), ...column.choices.map(([value]) => value)] },
      };
    case "date":
      return { cellEditor: "agDateStringCellEditor" };
    case "datetime":
      return {
        cellEditor: "agTextCellEditor",
        cellEditorParams: { useFormatter: true },
        valueParser: ({ newValue }) => (newValue === "" || newValue === null ? null : parseTime(newValue)),
      };
    default:
      return {
        cellEditor: "agTextCellEditor",
        valueParser: ({ newValue }) => (newValue === null || newValue === undefined ? (column.optional ? null : "") : newValue),
      };
  }
}

function columnDefinition(column, writable) {
  const numeric = NUMERIC.has(column.kind);
  const editable = writable && column.editable;
  return {
    colId: column.field,
    field: column.field,
    headerName: column.title,
    headerTooltip: column.description || column.title,
    sortable: column.sortable,
    filter: FILTERS[column.kind] ?? false,
    filterParams: filterParams(column),
    editable,
    valueFormatter: formatter(column),
    cellDataType: false,
    minWidth: 90,
    width: { text: 180, link: 150, datetime: 170, boolean: 100 }[column.kind] ?? 140,
    headerClass: numeric ? "ag-right-aligned-header" : undefined,
    cellClass: [`w-cell-${column.kind}`, ...(numeric ? ["ag-right-aligned-cell"] : [])],
    cellRenderer: column.kind === "boolean" ? "agCheckboxCellRenderer" : undefined,
    cellRendererParams: column.kind === "boolean" ? { disabled: !editable } : undefined,
    tooltipValueGetter: column.kind === "other" || column.kind === "text" ? ({ valueFormatted, value }) => valueFormatted ?? value : undefined,
    ...(editable ? editing(column) : {}),
  };
}

export default {
  template: `
    <section class="w-explorer" :aria-label="title" :style="{ '--rows': shownRows }">
      <div class="w-explorer__bar">
        <input type="search" class="w-filter" v-model="words" @input="searchLater" :placeholder="'Search ' + title.toLowerCase()"
               :aria-label="'Search ' + title.toLowerCase()" autocomplete="off" spellcheck="false" />
        <button v-if="filtered" type="button" class="w-explorer__button" @click="clearFilters">Clear filters</button>
        <span class="w-explorer__space"></span>
        <button v-if="fresh" type="button" class="w-explorer__button w-explorer__button--fresh" @click="reload">
          New data · Refresh
        </button>
        <span class="w-explorer__count" role="status" aria-live="polite">{{ count }}</span>
      </div>
      <div class="w-explorer__body">
        <div ref="grid" class="w-grid w-explorer__grid"></div>
        <div v-if="problem" class="w-explorer__cover" role="alert">
          <strong>The rows could not be loaded</strong>
          <span>{{ problem }}</span>
          <button type="button" class="w-explorer__button" @click="reload">Try again</button>
        </div>
        <div v-else-if="total === 0" class="w-explorer__cover">
          <strong>{{ filtered ? "Nothing fits" : "Nothing here yet" }}</strong>
          <span v-if="filtered">No row matches your search and filters.</span>
          <span v-else>{{ empty }}</span>
          <button v-if="filtered" type="button" class="w-explorer__button" @click="clearFilters">Clear filters</button>
        </div>
        <div v-if="waiting" class="w-explorer__waiting" aria-hidden="true"></div>
      </div>
    </section>`,
  props: {
    model: String,
    title: String,
    url: String,
    columns: Array,
    writable: Boolean,
    empty: String,
  },
  data() {
    return { words: "", total: null, filtered: false, problem: "", waiting: true, fresh: false };
  },
  computed: {
    // A short table takes the room of its rows, a long one what the window has.
    shownRows() {
      return this.total === null ? 100 : Math.max(5, Math.min(this.total, 100));
    },
    count() {
      if (this.total === null) return this.problem ? "" : "Counting…";
      return `${this.total.toLocaleString()} ${this.total === 1 ? "row" : "rows"}`;
    },
  },
  mounted() {
    this.handle = "";
    this.lastQuery = "";
    this.pendingIds = new Set();
    this.edits = new Map();
    this.tickets = 0;
    this.cost = 0;
    AgGrid.ModuleRegistry.registerModules([AgGrid.AllCommunityModule]);
    this.api = AgGrid.createGrid(this.$refs.grid, this.gridOptions());
    const follow = () => {
      this.$refs.grid.dataset.agThemeMode = document.body.classList.contains("body--dark") ? "dark" : "light";
    };
    this.observer = new MutationObserver(follow);
    this.observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    follow();
  },
  unmounted() {
    clearTimeout(this.searchTimer);
    clearTimeout(this.refreshTimer);
    this.observer?.disconnect();
    this.api?.destroy();
  },
  methods: {
    gridOptions() {
      return {
        theme,
        rowModelType: "infinite",
        cacheBlockSize: BLOCK,
        maxBlocksInCache: 40,
        maxConcurrentDatasourceRequests: 2,
        infiniteInitialRowCount: 1,
        cacheOverflowSize: 1,
        blockLoadDebounceMillis: 30,
        rowBuffer: 10,
        getRowId: ({ data }) => data.id,
        columnDefs: this.columns.map((column) => columnDefinition(column, this.writable)),
        defaultColDef: { resizable: true, suppressHeaderMenuButton: false },
        undoRedoCellEditing: true,
        undoRedoCellEditingLimit: 50,
        stopEditingWhenCellsLoseFocus: true,
        enableCellTextSelection: !this.writable,
        tooltipShowDelay: 600,
        suppressNoRowsOverlay: true,
        datasource: { getRows: (params) => this.getRows(params) },
        onCellValueChanged: (event) => this.edited(event),
        onFilterChanged: () => this.queryChanged(),
        onSortChanged: () => this.queryChanged(),
        onFirstDataRendered: ({ api }) => this.fit(api),
      };
    },
    fit(api) {
      const wanted = api.getAllDisplayedColumns().reduce((sum, column) => sum + column.getActualWidth(), 0);
      if (wanted < this.$refs.grid.clientWidth) api.sizeColumnsToFit();
    },
    query(params) {
      return {
        filter: params?.filterModel ?? this.api.getFilterModel(),
        sort: (params?.sortModel ?? []).map(({ colId, sort }) => [colId, sort]),
        search: this.words.trim(),
      };
    },
    async getRows(params) {
      const query = this.query(params);
      const name = JSON.stringify(query);
      if (name !== this.lastQuery) {
        this.lastQuery = name;
        this.handle = "";
        this.total = null;
      }
      const begun = performance.now();
      this.waiting = this.total === null;
      try {
        const block = await request("POST", `${this.url}/rows`, {
          ...query,
          start: params.startRow,
          end: params.endRow,
          handle: this.handle,
        });
        if (name !== this.lastQuery) return params.failCallback();
        this.problem = "";
        this.handle = block.handle;
        if (block.total === null) {
          // A short block before the rows are counted cannot happen: the server waits for a whole one.
          params.successCallback(block.rows, undefined);
          this.countRows(query, name, begun);
        } else {
          this.cost = performance.now() - begun;
          this.total = block.total;
          params.successCallback(block.rows, block.total);
        }
      } catch (error) {
        params.failCallback();
        if (name === this.lastQuery) {
          this.problem = error.message;
          this.total = null;
        }
      } finally {
        this.waiting = false;
      }
    },
    async countRows(query, name, begun) {
      if (this.counting === name) return;
      this.counting = name;
      try {
        const answer = await request("POST", `${this.url}/total`, { ...query, handle: this.handle });
        if (name !== this.lastQuery) return;
        this.cost = performance.now() - begun;
        this.total = answer.total;
        this.api.setRowCount(answer.total, true);
      } catch (error) {
        if (name === this.lastQuery) this.problem = error.message;
      } finally {
        this.counting = "";
      }
    },
    queryChanged() {
      this.filtered = Object.keys(this.api.getFilterModel()).length > 0 || this.words.trim() !== "";
    },
    searchLater() {
      clearTimeout(this.searchTimer);
      this.searchTimer = setTimeout(() => {
        this.queryChanged();
        this.api.purgeInfiniteCache();
        this.api.ensureIndexVisible(0);
      }, SEARCH_PAUSE);
    },
    clearFilters() {
      this.words = "";
      const model = this.api.getFilterModel();
      this.api.setFilterModel(null);
      if (Object.keys(model).length === 0) this.api.purgeInfiniteCache();
      this.queryChanged();
    },
    reload() {
      this.fresh = false;
      this.problem = "";
      this.handle = "";
      this.refreshed = performance.now();
      this.api.refreshInfiniteCache();
    },
    edited({ node, data, colDef, oldValue, newValue }) {
      const field = colDef.field;
      if (oldValue === newValue) return;
      const ticket = ++this.tickets;
      this.edits.set(ticket, { node, field, oldValue });
      this.$emit("edit", {
        ticket,
        id: data.id,
        field,
        value: newValue === undefined ? null : newValue,
        was: oldValue === undefined ? null : oldValue,
        revision: data.revision,
      });
    },
    // The server's answer to an edit: the row as it is now, or nothing where the edit was refused.
    settle(ticket, row) {
      const edit = this.edits.get(ticket);
      this.edits.delete(ticket);
      if (!edit) return;
      this.show(edit.node, row ?? { ...edit.node.data, [edit.field]: edit.oldValue });
    },
    show(node, row) {
      if (!node.data || node.data.id !== row.id) return;
      const changed = Object.keys(row).filter((key) => JSON.stringify(row[key]) !== JSON.stringify(node.data[key]));
      node.setData(row);
      return changed;
    },
    // Called by the server when rows were changed, by anybody.
    async patch(ids) {
      ids.forEach((id) => this.pendingIds.add(id));
      if (this.patching) return;
      this.patching = true;
      try {
        while (this.pendingIds.size > 0) {
          const shown = [...this.pendingIds].filter((id) => this.api.getRowNode(id)?.data);
          this.pendingIds.clear();
          if (shown.length === 0) break;
          const answer = await request("POST", `${this.url}/rows/by-id`, { ids: shown.slice(0, 1000) });
          for (const row of answer.rows) this.patchRow(row);
        }
      } catch {
        this.fresh = true;
      } finally {
        this.patching = false;
      }
    },
    patchRow(row) {
      const node = this.api.getRowNode(row.id);
      if (!node?.data || node.data.revision >= row.revision) return;
      if (this.api.getEditingCells().some((cell) => cell.rowIndex === node.rowIndex)) return;
      const columns = this.show(node, row)?.filter((key) => this.api.getColumn(key));
      if (columns?.length) this.api.flashCells({ rowNodes: [node], columns });
    },
    // Called by the server when rows were added or removed, by anybody.
    outdated() {
      const pause = Math.max(REFRESH_PAUSE, 5 * this.cost);
      const since = performance.now() - (this.refreshed ?? 0);
      if (this.refreshTimer) return;
      if (pause > 10000) this.fresh = true;
      this.refreshTimer = setTimeout(
        () => {
          this.refreshTimer = undefined;
          if (this.api.getEditingCells().length > 0) this.fresh = true;
          else this.reload();
        },
        Math.max(0, pause - since),
      );
    },
  },
};
