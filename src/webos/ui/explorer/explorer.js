// The data explorer: one Vue component around AG Grid's infinite row model.
// Rows come over HTTP, so that the interface's socket stays free; the server only says through the socket what changed.
import * as AgGrid from "nicegui-aggrid";
import { defineAsyncComponent, markRaw } from "vue";
import { isTyping } from "webos/dom";
import { menu } from "webos/menu";
import { toast } from "webos/toasts";
import { columnDefinition, editsInCell, fromTsv, textOf, toTsv, valueOf } from "webos-explorer/cells.js";
import { cleanTree, describe, isGroup } from "webos-explorer/operators.js";
import { request } from "webos-explorer/request.js";
import { SELECT, selectColumn } from "webos-explorer/select-column.js";
import { ColumnMenu, ViewDialog, ViewMenu } from "webos-explorer/view-menus.js";

const BLOCK = 100;
const SEARCH_PAUSE = 250;
const REFRESH_PAUSE = 1000;
const KEEP_PAUSE = 800;
const MOST_PASTED = 500;
const HEIGHTS = { comfortable: 36, compact: 28 };
const LEAVING = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Tab", "Enter", "Escape"]);
const PARAMETERS = ["view", "where", "search", "sort"];

const theme = AgGrid.themeQuartz.withPart(AgGrid.colorSchemeVariable);
const later = (name, load) => defineAsyncComponent(() => load().then((module) => module[name]));
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export default {
  directives: { menu },
  components: {
    ColumnMenu,
    ViewDialog,
    ViewMenu,
    FilterPanel: later("FilterPanel", () => import("webos-explorer/filter-panel.js")),
    RecordPanel: later("RecordPanel", () => import("webos-explorer/record-panel.js")),
    BulkDialog: later("BulkDialog", () => import("webos-explorer/bulk-dialog.js")),
    TrashDialog: later("TrashDialog", () => import("webos-explorer/trash-dialog.js")),
    ExportDialog: later("ExportDialog", () => import("webos-explorer/export-dialog.js")),
    ImportDialog: later("ImportDialog", () => import("webos-explorer/import-dialog.js")),
    ConflictDialog: later("ConflictDialog", () => import("webos-explorer/conflict-dialog.js")),
    PasteDialog: later("PasteDialog", () => import("webos-explorer/paste-dialog.js")),
  },
  template: `
    <section class="w-explorer" ref="root" :aria-label="title" :style="{ '--rows': shownRows }" @keydown.capture="extend" @mousedown.capture="extend" @keydown="keys">
      <div class="w-explorer__bar">
        <div class="w-menuwrap"><button type="button" class="w-explorer__button w-explorer__view" :aria-expanded="String(opened === 'views')" aria-haspopup="menu" @click="toggleMenu('views')">
          <span class="w-icon" aria-hidden="true">table_rows</span><span class="w-explorer__viewname">{{ active ? active.name : "All rows" }}</span><i v-if="changed" title="Changed since it was saved" aria-label="changed">•</i><span class="w-icon" aria-hidden="true">expand_more</span></button>
          <view-menu v-if="opened === 'views'" :views="views" :active="active" :changed="changed" :default-view="defaultView" @close="opened = ''" @choose="chooseView" @save="saveView"
            @save-as="dialog = 'view-new'; opened = ''" @edit="dialog = 'view-edit'; opened = ''" @remove="removeView" @make-default="makeDefault"></view-menu></div>
        <input type="search" class="w-filter" ref="search" v-model="words" @input="searchLater" :placeholder="'Search ' + title.toLowerCase()"
               :aria-label="'Search ' + title.toLowerCase()" autocomplete="off" spellcheck="false" />
        <button type="button" class="w-explorer__button" :class="{ 'w-explorer__button--on': tree }" title="Filter (F)" :aria-label="chips.length ? 'Filter, ' + chips.length + ' active' : 'Filter'" @click="dialog = 'filter'">
          <span class="w-icon" aria-hidden="true">filter_list</span><span class="w-explorer__label">Filter</span><i v-if="chips.length">{{ chips.length }}</i></button>
        <div class="w-menuwrap"><button type="button" class="w-explorer__button" :aria-expanded="String(opened === 'columns')" aria-haspopup="true" title="Columns" :aria-label="hiddenCount ? 'Columns, ' + hiddenCount + ' hidden' : 'Columns'" @click="toggleMenu('columns')">
          <span class="w-icon" aria-hidden="true">view_column</span><span class="w-explorer__label">Columns</span><i v-if="hiddenCount">{{ hiddenCount }} hidden</i></button>
          <column-menu v-if="opened === 'columns'" :columns="standing" :density="density" @close="opened = ''" @toggle="setHidden" @pin="setPinned" @move="moveColumn" @density="setDensity" @reset="resetColumns"></column-menu></div>
        <span class="w-explorer__space"></span>
        <button v-if="fresh" type="button" class="w-explorer__button w-explorer__button--fresh" @click="reload">New data · Refresh</button>
        <span class="w-explorer__count" role="status" aria-live="polite">{{ count }}</span>
        <div class="w-menuwrap"><button type="button" class="w-explorer__button" aria-label="More" title="More" aria-haspopup="menu" :aria-expanded="String(opened === 'more')" @click="toggleMenu('more')"><span class="w-icon" aria-hidden="true">more_horiz</span></button>
          <div v-if="opened === 'more'" v-menu="() => (opened = '')" class="w-menu w-xmenu w-xmenu--right" role="menu" aria-label="More">
            <button v-for="[name, symbol, label] in more" :key="name" type="button" class="w-menu__item" role="menuitem" tabindex="-1" @click="pick(name)"><span class="w-icon" aria-hidden="true">{{ symbol }}</span>{{ label }}</button></div></div>
        <button v-if="writable" type="button" class="w-explorer__button w-explorer__button--primary" title="Add (N)" aria-label="Add" @click="$emit('add')"><span class="w-icon" aria-hidden="true">add</span><span class="w-explorer__label">Add</span></button>
      </div>
      <div v-if="chips.length" class="w-explorer__chips" role="group" aria-label="Active filters">
        <template v-for="(chip, at) in chips" :key="at"><span v-if="at" class="w-explorer__join">{{ tree.join }}</span>
          <span class="w-fchip"><button type="button" @click="dialog = 'filter'">{{ chip.text }}</button>
            <button type="button" class="w-fchip__off" :aria-label="'Remove filter ' + chip.text" @click="dropChip(chip.index)"><span class="w-icon" aria-hidden="true">close</span></button></span></template>
        <button type="button" class="w-linkbutton" @click="clearFilters">Clear filters</button>
      </div>
      <div v-if="chosen" class="w-explorer__chips w-explorer__chips--chosen" role="group" aria-label="Chosen rows">
        <strong aria-live="polite">{{ all ? (excluded.size ? chosen.toLocaleString() + " of " : "All ") + total.toLocaleString() + (filtered ? " matching" : "") : chosen.toLocaleString() }} selected</strong>
        <button v-if="!all && total > chosen" type="button" class="w-linkbutton" @click="selectAll">Select all {{ total.toLocaleString() }}{{ filtered ? " matching" : "" }}</button>
        <span class="w-explorer__space"></span>
        <button v-if="columns.some((column) => column.editable)" type="button" class="w-explorer__button" @click="dialog = 'bulk-edit'"><span class="w-icon" aria-hidden="true">edit</span>Edit</button>
        <button type="button" class="w-explorer__button" @click="dialog = 'bulk-delete'"><span class="w-icon" aria-hidden="true">delete</span>Delete</button>
        <button type="button" class="w-linkbutton" @click="clearSelection">Clear</button>
      </div>
      <div class="w-explorer__body">
        <div class="w-explorer__main">
          <div ref="grid" class="w-grid w-explorer__grid"></div>
          <div v-if="problem" class="w-explorer__cover" role="alert">
            <strong>The rows could not be loaded</strong>
            <span>{{ problem }}</span>
            <div><button type="button" class="w-explorer__button" @click="reload">Try again</button>
            <button v-if="filtered" type="button" class="w-explorer__button" @click="clearFilters">Clear filters</button></div>
          </div>
          <div v-else-if="total === 0" class="w-explorer__cover">
            <strong>{{ filtered ? "Nothing fits" : "Nothing here yet" }}</strong>
            <span v-if="filtered">No row matches your search and filters.</span>
            <span v-else>{{ empty }}</span>
            <button v-if="filtered" type="button" class="w-explorer__button" @click="clearFilters">Clear filters</button>
            <button v-else-if="writable" type="button" class="w-explorer__button" @click="$emit('add')">Add the first</button>
          </div>
          <div v-if="waiting" class="w-explorer__waiting" aria-hidden="true"></div>
        </div>
        <record-panel v-if="row" ref="record" :model="model" :id="row" :tables="tables" :position="position" :has-previous="rowIndex > 0" :has-next="rowIndex !== null && rowIndex + 1 < total"
          @close="closeRow" @previous="stepRow(-1)" @next="stepRow(1)" @changed="rowChanged" @duplicate="$emit('duplicate', { id: $event })" @remove="removeRow" @conflict="conflict = $event"></record-panel>
      </div>
      <filter-panel v-if="dialog === 'filter'" :tree="tree" :columns="columns" :url="url" :check="checkTree" @apply="setTree" @close="dialog = ''"></filter-panel>
      <view-dialog v-if="dialog === 'view-new' || dialog === 'view-edit'" :view="dialog === 'view-edit' ? active : null" :save="storeView" @close="dialog = ''"></view-dialog>
      <bulk-dialog v-if="dialog === 'bulk-edit' || dialog === 'bulk-delete'" :kind="dialog.slice(5)" :columns="columns" :url="url" :selection="selection()" :number="chosen" :noun="noun" @done="bulkDone" @close="dialog = ''"></bulk-dialog>
      <trash-dialog v-if="dialog === 'trash'" :columns="columns" :url="url" :title="title" @done="reload" @close="dialog = ''"></trash-dialog>
      <export-dialog v-if="dialog === 'export'" :url="url" :query="query()" :shown="shownFields()" :total="total" :title="title" @close="dialog = ''"></export-dialog>
      <import-dialog v-if="dialog === 'import'" :url="url" :title="title" @done="reload" @close="dialog = ''"></import-dialog>
      <conflict-dialog v-if="conflict" :conflict="conflict" @close="conflict = null"></conflict-dialog>
      <paste-dialog v-if="refused" :problems="refused" @close="refused = null"></paste-dialog>
      <dialog ref="form" class="w-dialog w-xdialog w-xdialog--wide" :aria-label="formTitle" @close="formClosed" @keydown.stop>
        <header class="w-xdialog__head"><h2>{{ formTitle }}</h2><button type="button" class="w-iconbutton" aria-label="Close" @click="hideForm"><span class="w-icon" aria-hidden="true">close</span></button></header>
        <div class="w-xdialog__body"><slot></slot></div>
      </dialog>
    </section>`,
  props: { model: String, title: String, noun: String, url: String, tables: String, columns: Array, writable: Boolean, empty: String },
  emits: ["edit", "add", "duplicate", "form_closed"],
  data() {
    return {
      words: "", total: null, problem: "", waiting: true, fresh: false,
      tree: null, searched: "", views: [], active: null, defaultView: "", density: "comfortable", standing: [], sorted: [],
      opened: "", dialog: "", conflict: null, refused: null, formTitle: "",
      all: false, selected: new Set(), excluded: new Set(),
      row: "", rowIndex: null,
    };
  },
  computed: {
    // A short table takes the room of its rows, a long one what the window has.
    shownRows() {
      if (this.row) return 100;
      return this.total === null ? 100 : Math.max(5, Math.min(this.total, 100));
    },
    count() {
      if (this.total === null) return this.problem ? "" : "Counting…";
      return `${this.total.toLocaleString()} ${this.total === 1 ? "row" : "rows"}`;
    },
    filtered() {
      return this.tree !== null || this.searched !== "";
    },
    chips() {
      if (!this.tree) return [];
      return this.tree.items.map((item, index) => ({ index, text: describe(item, this.columns) })).filter(({ text }) => text);
    },
    chosen() {
      return this.all ? Math.max(0, (this.total ?? 0) - this.excluded.size) : this.selected.size;
    },
    hiddenCount() {
      return this.standing.filter(({ hidden }) => hidden).length;
    },
    more() {
      return [
        ["export", "download", "Export…"],
        ...(this.writable ? [["import", "upload", "Import…"], ["trash", "delete", "Trash"]] : []),
        ["link", "link", "Copy link to this view"],
      ];
    },
    position() {
      return this.rowIndex === null || this.total === null ? "" : `${(this.rowIndex + 1).toLocaleString()} of ${this.total.toLocaleString()}`;
    },
    changed() {
      if (!this.active) return false;
      const { state } = this.active;
      const own = this.state();
      return !same([state.tree, state.search, state.sort, state.density], [own.tree, own.search, own.sort, own.density]) || (state.columns.length > 0 && !same(state.columns, own.columns));
    },
  },
  mounted() {
    Object.assign(this, { handle: "", lastQuery: "", pendingIds: new Set(), edits: new Map(), tickets: 0, cost: 0, anchor: null });
    AgGrid.ModuleRegistry.registerModules([AgGrid.AllCommunityModule]);
    this.ownsUrl = document.querySelector(".w-explorer") === this.$refs.root;
    this.path = location.pathname;
    this.start();
    const follow = () => {
      this.$refs.grid.dataset.agThemeMode = document.body.classList.contains("body--dark") ? "dark" : "light";
    };
    this.observer = new MutationObserver(follow);
    this.observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.$refs.grid.addEventListener("copy", this.copied);
    this.$refs.grid.addEventListener("paste", this.pasted);
    follow();
  },
  unmounted() {
    for (const timer of [this.searchTimer, this.refreshTimer, this.keepTimer]) clearTimeout(timer);
    this.gone = true;
    this.observer?.disconnect();
    this.api?.destroy();
  },
  methods: {
    // The beginning: what the address asks for, else the user's default view, else how he left the table.
    async start() {
      const asked = new URLSearchParams(this.ownsUrl ? location.search : "");
      let kept = { views: [], own: null, default: "" };
      try {
        kept = await request("GET", `${this.url}/views`);
      } catch (error) {
        if (error.status !== 401) toast({ severity: "warning", message: "Your views could not be loaded", detail: error.message });
      }
      if (this.gone) return;
      this.views = kept.views.map(markRaw);
      this.defaultView = kept.default;
      this.ownState = kept.own ?? undefined;
      const isAsked = PARAMETERS.some((name) => asked.has(name));
      this.active = this.views.find(({ id }) => id === (isAsked ? asked.get("view") : kept.default)) ?? null;
      if (asked.get("view") && asked.get("view") !== "all" && !this.active) toast({ severity: "warning", message: "This view does not exist any more, or is not shared with you." });
      const state = { sort: [], columns: [], density: "comfortable", ...(this.active?.state ?? kept.own), ...(this.active ? {} : { tree: null, search: "" }) };
      if (asked.has("where")) state.tree = this.parsed(asked.get("where"));
      if (asked.has("search")) state.search = asked.get("search").slice(0, 200);
      if (asked.has("sort")) state.sort = asked.get("sort").split(",").filter(Boolean).map((name) => (name[0] === "-" ? [name.slice(1), "desc"] : [name, "asc"]));
      this.tree = state.tree ?? null;
      this.words = this.searched = state.search ?? "";
      this.density = state.density;
      this.hadWidths = state.columns.some(({ width }) => width);
      this.api = markRaw(AgGrid.createGrid(this.$refs.grid, this.gridOptions(state)));
      this.noteColumns();
      this.nameRecords();
      if (asked.get("row")) this.openRow(asked.get("row"));
    },
    parsed(text) {
      try {
        const tree = text ? JSON.parse(text) : null;
        return isGroup(tree) ? tree : null;
      } catch {
        return null;
      }
    },
    // Filters keep the ids of records; their names are asked for once.
    async nameRecords() {
      const wanted = new Map();
      const collect = (item) => {
        if (isGroup(item)) item.items.forEach(collect);
        else if (this.column(item.field)?.kind === "link" && item.values?.length && !item.labels) wanted.set(item, item.values);
      };
      if (this.tree) collect(this.tree);
      for (const [item, ids] of wanted) {
        const words = ids.map((id) => `id=${encodeURIComponent(id)}`).join("&");
        const { options } = await request("GET", `${this.url}/links/${item.field}?${words}`).catch(() => ({ options: [] }));
        item.labels = Object.fromEntries(options.map(({ id, label }) => [id, label]));
      }
    },
    column(field) {
      return this.columns.find((column) => column.field === field);
    },
    definitions(state) {
      const places = new Map(state.columns.map((each, index) => [each.field, { ...each, index }]));
      const order = new Map(state.sort.map(([name, way], index) => [name, { sort: way, sortIndex: index }]));
      const inRange = ({ node, column }) => this.isInRange(node.rowIndex, column.getColId());
      const own = this.columns
        .map((column, index) => ({ column, at: places.get(column.field)?.index ?? 1000 + index }))
        .sort((one, other) => one.at - other.at)
        .map(({ column }) => {
          const place = places.get(column.field);
          return {
            ...columnDefinition(column, this.writable, inRange),
            initialHide: place?.hidden ?? false,
            initialPinned: place?.pinned ?? null,
            ...(place?.width ? { initialWidth: place.width, width: undefined } : {}),
            ...(order.has(column.field) ? { initialSort: order.get(column.field).sort, initialSortIndex: order.get(column.field).sortIndex } : {}),
          };
        });
      return [selectColumn(this.writable), ...own];
    },
    gridOptions(state) {
      return {
        theme,
        context: markRaw({ toggle: this.toggleRow, toggleAll: this.toggleAll, isSelected: this.isSelected, open: this.openRow }),
        rowModelType: "infinite",
        cacheBlockSize: BLOCK,
        maxBlocksInCache: 40,
        maxConcurrentDatasourceRequests: 2,
        infiniteInitialRowCount: 1,
        cacheOverflowSize: 1,
        blockLoadDebounceMillis: 30,
        rowBuffer: 10,
        rowHeight: HEIGHTS[this.density],
        getRowId: ({ data }) => data.id,
        columnDefs: this.definitions(state),
        defaultColDef: { resizable: true, suppressHeaderMenuButton: true, suppressKeyboardEvent: ({ event, editing, column }) => !editing && event.key === " " && this.column(column.getColId())?.kind !== "boolean" },
        multiSortKey: "ctrl",
        alwaysMultiSort: false,
        rowClassRules: { "w-row-chosen": ({ data }) => data && this.isSelected(data.id), "w-row-open": ({ data }) => data && data.id === this.row },
        undoRedoCellEditing: true,
        undoRedoCellEditingLimit: 50,
        stopEditingWhenCellsLoseFocus: true,
        enableCellTextSelection: !this.writable,
        tooltipShowDelay: 600,
        suppressNoRowsOverlay: true,
        datasource: { getRows: (params) => this.getRows(params) },
        onCellValueChanged: (event) => this.edited(event),
        onSortChanged: ({ source }) => {
          this.clearSelection();
          this.layoutChanged(source);
        },
        onColumnResized: ({ finished, source }) => finished && this.layoutChanged(source),
        onColumnMoved: ({ finished, source }) => finished && this.layoutChanged(source),
        onColumnPinned: ({ source }) => this.layoutChanged(source),
        onFirstDataRendered: ({ api }) => this.fit(api),
        onCellFocused: () => this.focused(),
        onCellKeyDown: (event) => this.cellKey(event),
        onCellClicked: (event) => this.cellClicked(event),
      };
    },
    fit(api) {
      if (this.hadWidths) return;
      const wanted = api.getAllDisplayedColumns().reduce((sum, column) => sum + column.getActualWidth(), 0);
      if (wanted < this.$refs.grid.clientWidth) api.sizeColumnsToFit();
    },

    // Reading
    query(params) {
      const sort = params?.sortModel ?? this.sorted.map(([colId, way]) => ({ colId, sort: way }));
      return { tree: cleanTree(this.tree, this.columns), sort: sort.map(({ colId, sort: way }) => [colId, way]).slice(0, 5), search: this.words.trim() };
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
        await this.editorClosed(params);
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
        this.findRow();
        this.followFocus();
      } catch (error) {
        params.failCallback();
        if (name === this.lastQuery) {
          this.problem = error.sentence ?? error.message;
          this.total = null;
        }
      } finally {
        this.waiting = false;
      }
    },
    // Rows that arrive would close the editor in one of them and lose what was typed.
    async editorClosed({ startRow, endRow }) {
      const isOpen = () => this.api?.getEditingCells().some(({ rowIndex }) => rowIndex >= startRow && rowIndex < endRow);
      while (isOpen()) {
        await new Promise((closed) => {
          const stopped = () => {
            this.api?.removeEventListener("cellEditingStopped", stopped);
            closed();
          };
          this.api.addEventListener("cellEditingStopped", stopped);
        });
      }
    },
    // Where rows came or went, the focus stays with its record.
    followFocus() {
      const was = this.focusedRow;
      const node = was && this.api.getRowNode(was.id);
      if (!node?.data) return;
      this.focusedRow = undefined;
      if (node.rowIndex !== was.index && this.api.getFocusedCell()?.rowIndex === was.index) this.api.setFocusedCell(node.rowIndex, was.field);
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
      this.searched = this.words.trim();
      this.clearSelection();
      this.problem = "";
      this.api.purgeInfiniteCache();
      this.api.ensureIndexVisible(0);
      this.syncUrl();
    },
    searchLater() {
      clearTimeout(this.searchTimer);
      this.searchTimer = setTimeout(() => this.queryChanged(), SEARCH_PAUSE);
    },
    clearFilters() {
      this.words = "";
      this.tree = null;
      this.queryChanged();
    },
    setTree(tree) {
      this.tree = tree;
      this.queryChanged();
    },
    dropChip(index) {
      const items = this.tree.items.filter((_, at) => at !== index);
      this.setTree(items.length ? { ...this.tree, items } : null);
    },
    // The server says what is wrong with a filter before it is taken.
    async checkTree(tree) {
      try {
        await request("POST", `${this.url}/rows`, { ...this.query(), tree, start: 0, end: 1 });
        return "";
      } catch (error) {
        const named = Object.entries(error.fields ?? {}).map(([field, text]) => `${this.column(field)?.title ?? field}: ${text}`);
        return named.join(" ") || error.message;
      }
    },
    reload() {
      this.fresh = false;
      this.problem = "";
      this.handle = "";
      this.refreshed = performance.now();
      const cell = this.api?.getFocusedCell();
      const id = cell && this.$refs.grid.contains(document.activeElement) ? this.api.getDisplayedRowAtIndex(cell.rowIndex)?.data?.id : undefined;
      this.focusedRow = id && { id, index: cell.rowIndex, field: cell.column.getColId() };
      this.api?.refreshInfiniteCache();
    },

    // Views and columns
    state() {
      return { tree: cleanTree(this.tree, this.columns), search: this.searched, sort: this.sorted.slice(0, 5), columns: this.standing.map(({ field, width, pinned, hidden }) => ({ field, width, pinned, hidden })), density: this.density };
    },
    noteColumns() {
      const state = this.api.getColumnState().filter(({ colId }) => colId !== SELECT);
      this.standing = state.map(({ colId, width, pinned, hide }) => ({ field: colId, title: this.column(colId)?.title, width: Math.round(width), pinned: pinned ?? null, hidden: hide ?? false }));
      this.sorted = state.filter(({ sort }) => sort).sort((one, other) => (one.sortIndex ?? 0) - (other.sortIndex ?? 0)).map(({ colId, sort }) => [colId, sort]);
    },
    layoutChanged(source = "own") {
      if (!this.api) return;
      this.noteColumns();
      if (source !== "own" && !source.startsWith("ui")) return;
      this.hadWidths = true;
      this.syncUrl();
      this.keepLater();
    },
    keepLater() {
      clearTimeout(this.keepTimer);
      this.keepTimer = setTimeout(() => this.keep(), KEEP_PAUSE);
    },
    async keep() {
      // A view keeps its own columns; what is arranged in it is kept with it.
      const state = { ...this.state(), tree: null, search: "" };
      if (!this.active) this.ownState = state;
      const body = { state: this.active ? (this.ownState ?? null) : state, default: this.defaultView };
      await request("PUT", `${this.url}/layout`, body).catch(() => undefined);
    },
    apply(state) {
      this.tree = state.tree ? JSON.parse(JSON.stringify(state.tree)) : null;
      this.words = state.search;
      this.density = state.density;
      const order = new Map(state.sort.map(([name, way], index) => [name, { sort: way, sortIndex: index }]));
      const places = new Map(state.columns.map((each) => [each.field, each]));
      const fields = [...state.columns.map(({ field }) => field), ...this.columns.map(({ field }) => field).filter((field) => !places.has(field))].filter((field) => this.column(field));
      this.api.applyColumnState({
        state: [{ colId: SELECT, pinned: "left" }, ...fields.map((field) => {
          const { width, pinned, hidden } = places.get(field) ?? {};
          return { colId: field, hide: hidden ?? false, pinned: pinned ?? null, ...(width ? { width } : {}), ...(order.get(field) ?? { sort: null }) };
        })],
        applyOrder: true,
      });
      this.api.setGridOption("rowHeight", HEIGHTS[this.density]);
      this.noteColumns();
      this.nameRecords();
      this.queryChanged();
    },
    chooseView(view) {
      this.opened = "";
      this.active = view;
      this.apply(view?.state ?? { tree: null, search: "", sort: [], columns: this.ownState?.columns ?? [], density: this.ownState?.density ?? "comfortable" });
    },
    async storeView(name, shared) {
      if (this.dialog === "view-edit") {
        await request("PUT", `${this.url}/views/${this.active.id}`, { name, shared, state: this.active.state });
      } else {
        this.active = markRaw(await request("POST", `${this.url}/views`, { name, shared, state: this.state() }));
      }
      await this.loadViews();
      toast({ severity: "success", message: "View saved" });
    },
    async loadViews() {
      const { views } = await request("GET", `${this.url}/views`);
      this.views = views.map(markRaw);
      this.active = this.views.find(({ id }) => id === this.active?.id) ?? null;
      this.syncUrl();
    },
    async saveView() {
      this.opened = "";
      const { id, name, shared } = this.active;
      await this.attempt(async () => {
        await request("PUT", `${this.url}/views/${id}`, { name, shared, state: this.state() });
        await this.loadViews();
        toast({ severity: "success", message: "View saved" });
      });
    },
    async removeView() {
      this.opened = "";
      const { name, shared, state, id } = this.active;
      await this.attempt(async () => {
        await request("DELETE", `${this.url}/views/${id}`);
        await this.loadViews();
        this.chooseView(null);
        this.undoToast(`The view “${name}” is deleted`, async () => {
          this.active = markRaw(await request("POST", `${this.url}/views`, { name, shared, state }));
          await this.loadViews();
          this.apply(state);
        });
      });
    },
    async makeDefault() {
      this.opened = "";
      this.defaultView = this.defaultView === this.active.id ? "" : this.active.id;
      await this.keep();
      toast({ severity: "success", message: this.defaultView ? `This table opens with “${this.active.name}” for you` : "This table opens with all rows for you" });
    },
    setHidden(field, hidden) {
      this.api.setColumnsVisible([field], !hidden);
      this.layoutChanged();
    },
    setPinned(field, side) {
      this.api.setColumnsPinned([field], side);
      this.layoutChanged();
    },
    moveColumn(field, by) {
      const fields = this.standing.map((each) => each.field);
      const at = fields.indexOf(field);
      fields.splice(at + by, 0, ...fields.splice(at, 1));
      this.api.applyColumnState({ state: [{ colId: SELECT }, ...fields.map((colId) => ({ colId }))], applyOrder: true });
      this.layoutChanged();
    },
    setDensity(density) {
      this.density = density;
      this.api.setGridOption("rowHeight", HEIGHTS[density]);
      this.api.resetRowHeights?.();
      this.layoutChanged();
    },
    resetColumns() {
      this.opened = "";
      this.api.resetColumnState();
      this.api.applyColumnState({ state: [{ colId: SELECT }, ...this.columns.map(({ field }) => ({ colId: field, hide: false, pinned: null, sort: null }))], applyOrder: true });
      this.setDensity("comfortable");
      this.hadWidths = false;
      this.fit(this.api);
    },
    // The address says what is shown, so that it can be sent to somebody.
    syncUrl() {
      if (!this.ownsUrl || location.pathname !== this.path) return;
      const url = new URL(location.href);
      for (const name of [...PARAMETERS, "row"]) url.searchParams.delete(name);
      const { tree, search, sort } = this.state();
      const all = this.active && this.changed;
      if (this.active) url.searchParams.set("view", this.active.id);
      else if (this.defaultView) url.searchParams.set("view", "all");
      if (all || (!this.active && tree)) url.searchParams.set("where", tree ? JSON.stringify(tree) : "");
      if (all || (!this.active && search)) url.searchParams.set("search", search);
      if (all || (!this.active && sort.length)) url.searchParams.set("sort", sort.map(([name, way]) => (way === "desc" ? `-${name}` : name)).join(","));
      if (this.row) url.searchParams.set("row", this.row);
      if (url.href !== location.href) history.replaceState(history.state, "", url);
    },

    // Choosing rows
    isSelected(id) {
      return this.all ? !this.excluded.has(id) : this.selected.has(id);
    },
    toggleRow(data, isRange, index) {
      if (!data) return;
      const choose = !this.isSelected(data.id);
      const ids = [data.id];
      if (isRange && this.lastIndex !== undefined) {
        const [from, to] = [Math.min(this.lastIndex, index), Math.max(this.lastIndex, index)];
        this.api.forEachNode((node) => node.data && node.rowIndex >= from && node.rowIndex <= to && ids.push(node.data.id));
      }
      this.lastIndex = index;
      const set = new Set(this.all ? this.excluded : this.selected);
      for (const id of ids) choose !== this.all ? set.add(id) : set.delete(id);
      this[this.all ? "excluded" : "selected"] = set;
      this.showSelection();
    },
    toggleAll() {
      if (this.chosen) this.clearSelection();
      else this.selectAll();
    },
    selectAll() {
      if (!this.total || !this.writable) return;
      Object.assign(this, { all: true, excluded: new Set(), selected: new Set() });
      this.showSelection();
    },
    clearSelection() {
      if (!this.all && !this.selected.size) return;
      Object.assign(this, { all: false, excluded: new Set(), selected: new Set() });
      this.showSelection();
    },
    showSelection() {
      this.api.refreshCells({ columns: [SELECT], force: true });
      this.api.redrawRows();
      const { header } = this.api.getGridOption("context");
      header?.show(this.all && !this.excluded.size, this.chosen > 0);
    },
    selection() {
      const { tree, search } = this.query();
      return this.all ? { query: { tree, search }, excluded: [...this.excluded] } : { ids: [...this.selected] };
    },
    bulkDone() {
      this.clearSelection();
      this.reload();
    },

    // One record
    openRow(id) {
      this.row = id;
      this.rowIndex = null;
      this.seeking = "";
      this.findRow();
      this.markRow();
    },
    // Where the opened record stands; one that came by a link may be far down.
    async findRow() {
      if (!this.row) return;
      const node = this.api.getRowNode(this.row);
      if (node?.data) this.rowIndex = node.rowIndex;
      else if (this.rowIndex === null && this.handle && this.seeking !== this.row) {
        const id = (this.seeking = this.row);
        const { index } = await request("POST", `${this.url}/position`, { ...this.query(), id, handle: this.handle }).catch(() => ({ index: null }));
        if (this.row !== id || index === null) return;
        this.rowIndex = index;
        this.api.ensureIndexVisible(index, "middle");
      }
    },
    markRow() {
      this.api.redrawRows();
      this.syncUrl();
    },
    closeRow() {
      const index = this.rowIndex;
      this.row = "";
      this.rowIndex = null;
      this.markRow();
      const field = this.shownFields()[0];
      if (index !== null && field) this.$nextTick(() => this.api.setFocusedCell(index, field));
    },
    async stepRow(by) {
      if (this.rowIndex === null) return;
      const index = this.rowIndex + by;
      if (index < 0 || index >= this.total) return;
      this.api.ensureIndexVisible(index);
      const node = this.api.getDisplayedRowAtIndex(index);
      let id = node?.data?.id;
      if (!id) {
        const block = await request("POST", `${this.url}/rows`, { ...this.query(), start: index, end: index + 1, handle: this.handle }).catch(() => ({ rows: [] }));
        id = block.rows[0]?.id;
      }
      if (!id) return;
      this.row = id;
      this.rowIndex = index;
      this.markRow();
    },
    rowChanged(row, model) {
      if (model !== this.model) return;
      const node = this.api.getRowNode(row.id);
      if (node) this.show(node, row);
    },
    async removeRow(id) {
      await this.attempt(async () => {
        const { change_set } = await request("POST", `${this.url}/rows/${encodeURIComponent(id)}/delete`);
        if (this.row === id) this.closeRow();
        this.reload();
        this.undoToast(`${this.noun} deleted`, () => this.undo(change_set));
      });
    },
    async undo(change_set) {
      const { undone, conflicts } = await request("POST", `${this.url}/undo`, { change_set });
      if (undone) toast({ severity: "success", message: "Taken back" });
      if (conflicts.length) toast({ severity: "warning", message: "Not all could be taken back", detail: conflicts.join(" ") });
      this.reload();
    },
    undoToast(message, undo) {
      const box = toast({ severity: "success", message });
      const button = document.createElement("button");
      button.type = "button";
      button.className = "w-linkbutton";
      button.textContent = "Undo";
      button.addEventListener("click", () => {
        box.remove();
        this.attempt(undo);
      });
      box.querySelector(".w-toast__text").after(button);
    },
    async attempt(work) {
      try {
        await work();
      } catch (error) {
        toast({ severity: "error", message: error.sentence ?? error.message });
      }
    },

    // Called by the server: the form of a new row
    showForm(title) {
      this.formTitle = title;
      this.formOpener = document.activeElement;
      this.$refs.form.showModal();
    },
    hideForm() {
      this.$refs.form.close();
    },
    formClosed() {
      this.$emit("form_closed");
      if (this.formOpener?.isConnected) this.formOpener.focus();
    },
    added(id) {
      this.hideForm();
      this.reload();
      if (id) this.openRow(id);
    },

    // Editing
    edited({ node, data, colDef, oldValue, newValue }) {
      if (this.isPasting || oldValue === newValue) return;
      this.sendEdit(node, data, colDef.field, newValue, oldValue);
    },
    sendEdit(node, data, field, value, was) {
      const ticket = ++this.tickets;
      this.edits.set(ticket, { node, field, oldValue: was });
      this.$emit("edit", { ticket, id: data.id, field, value: value ?? null, was: was ?? null, revision: data.revision });
    },
    // The server's answer to an edit: the row as it is now, or nothing where the edit was refused.
    settle(ticket, row) {
      const edit = this.edits.get(ticket);
      this.edits.delete(ticket);
      if (!edit) return;
      this.show(edit.node, row ?? { ...edit.node.data, [edit.field]: edit.oldValue });
      if (row) this.$refs.record?.refresh([row.id]);
    },
    // The server's answer where somebody else has changed the same value: the row as it is stored, and what was wanted.
    conflicted(row, field, mine, base) {
      const node = this.api.getRowNode(row.id);
      if (node?.data) node.setData(row);
      this.conflict = { column: this.column(field), mine, theirs: row[field], base, take: () => node?.data && this.sendEdit(node, row, field, mine, row[field]) };
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
      if (this.patching || !this.api) return;
      this.patching = true;
      try {
        while (this.pendingIds.size > 0) {
          this.$refs.record?.refresh([...this.pendingIds]);
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
      if (this.refreshTimer || !this.api) return;
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

    // Blocks of cells: chosen by Shift, copied and pasted as spreadsheets do
    shownFields() {
      return this.api ? this.api.getAllDisplayedColumns().map((column) => column.getColId()).filter((field) => field !== SELECT) : [];
    },
    // The grid tells of a new focus a moment later: what is chosen is asked for when it is needed.
    here() {
      const cell = this.api?.getFocusedCell();
      const at = cell ? this.shownFields().indexOf(cell.column.getColId()) : -1;
      return at < 0 ? null : { row: cell.rowIndex, at };
    },
    focused() {
      if (this.anchor || this.wasRange) this.api.refreshCells({ force: true, suppressFlash: true });
      this.wasRange = this.anchor !== null;
    },
    block() {
      const to = this.here();
      if (!to) return null;
      const from = this.anchor ?? to;
      const fields = this.shownFields();
      const left = Math.min(from.at, to.at);
      return { top: Math.min(from.row, to.row), bottom: Math.max(from.row, to.row), fields: fields.slice(left, Math.max(from.at, to.at) + 1), all: fields, left };
    },
    isInRange(row, field) {
      if (!this.anchor) return false;
      const block = this.block();
      return block !== null && row >= block.top && row <= block.bottom && block.fields.includes(field);
    },
    copied(event) {
      const block = isTyping(event) || !window.getSelection().isCollapsed || this.api.getEditingCells().length ? null : this.block();
      if (!block) return;
      const { top, bottom, fields } = block;
      const rows = [];
      for (let index = top; index <= bottom; index++) {
        const data = this.api.getDisplayedRowAtIndex(index)?.data;
        if (data) rows.push(fields.map((field) => this.copyText(field, data[field])));
      }
      if (!rows.length) return;
      event.preventDefault();
      event.clipboardData.setData("text/plain", toTsv(rows));
    },
    copyText(field, value) {
      // Numbers as other programs read them.
      return typeof value === "number" ? String(value) : textOf(this.column(field))(value);
    },
    async pasted(event) {
      const block = !this.writable || isTyping(event) || this.api.getEditingCells().length ? null : this.block();
      if (!block) return;
      event.preventDefault();
      const { top, bottom, fields, all, left } = block;
      let cells = fromTsv(event.clipboardData.getData("text/plain"));
      if (cells.length === 1 && cells[0].length === 1) cells = Array.from({ length: bottom - top + 1 }, () => Array(fields.length).fill(cells[0][0]));
      const problems = [];
      const rows = [];
      if (cells.length > MOST_PASTED) problems.push({ row: "", column: "", text: `At most ${MOST_PASTED} rows can be pasted at once.` });
      cells.slice(0, MOST_PASTED).forEach((texts, down) => {
        const data = this.api.getDisplayedRowAtIndex(top + down)?.data;
        if (!data) return void problems.push({ row: top + down + 1, column: "", text: "There is no row here." });
        const [changes, was] = [{}, {}];
        texts.forEach((text, right) => {
          const column = this.column(all[left + right]);
          const where = { row: top + down + 1, column: column?.title ?? `${right + 1}` };
          if (!column) return void problems.push({ ...where, text: "There is no column here." });
          if (this.copyText(column.field, data[column.field]) === text) return;
          if (!editsInCell(column)) return void problems.push({ ...where, text: "This column cannot be changed." });
          try {
            changes[column.field] = valueOf(column, text);
            was[column.field] = data[column.field] ?? null;
          } catch (wrong) {
            problems.push({ ...where, value: text, text: String(wrong) });
          }
        });
        if (Object.keys(changes).length) rows.push({ id: data.id, revision: data.revision, changes, was });
      });
      if (problems.length) return void (this.refused = problems);
      if (!rows.length) return;
      try {
        const answer = await request("POST", `${this.url}/paste`, { rows });
        this.isPasting = true;
        for (const row of answer.rows) {
          const node = this.api.getRowNode(row.id);
          if (node) this.show(node, row);
        }
        this.isPasting = false;
        this.undoToast(`${rows.length} ${rows.length === 1 ? "row" : "rows"} changed`, () => this.undo(answer.change_set));
      } catch (error) {
        const refused = Object.entries(error.fields ?? {}).map(([place, text]) => {
          const [id, field] = place.split(/\/(.*)/s);
          const node = this.api.getRowNode(id);
          return { row: node ? node.rowIndex + 1 : "", column: this.column(field)?.title ?? "", value: rows.find((row) => row.id === id)?.changes[field], text };
        });
        if (refused.length) this.refused = refused;
        else toast({ severity: "error", message: error.message });
      }
    },

    // Keys
    extend(event) {
      // The grid has its own meaning of some keys, and says so in the console.
      if (event.type === "keydown" && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && event.target.closest(".ag-root") && !isTyping(event)) {
        event.preventDefault();
        event.stopPropagation();
        this.selectAll();
      }
      if (!event.target.closest(".w-explorer__grid")) return;
      if (event.shiftKey && (event.type === "mousedown" || event.key.startsWith("Arrow"))) this.anchor ??= this.here();
      else if (event.type === "mousedown" || LEAVING.has(event.key)) this.anchor = null;
    },
    keys(event) {
      if (event.defaultPrevented || isTyping(event) || event.target.closest("dialog, .w-record, .w-menu")) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act = { "/": () => this.$refs.search.focus(), f: () => (this.dialog = "filter"), n: () => this.writable && this.$emit("add"), x: () => this.toggleFocused() }[event.key];
      if (!act || event.target.closest(".ag-cell-inline-editing")) return;
      event.preventDefault();
      event.stopPropagation();
      act();
    },
    toggleFocused() {
      const cell = this.api.getFocusedCell();
      const node = cell && this.api.getDisplayedRowAtIndex(cell.rowIndex);
      if (node?.data && this.writable) this.toggleRow(node.data, false, node.rowIndex);
    },
    cellKey({ event, data, colDef }) {
      if (!data || this.api.getEditingCells().length) return;
      const column = this.column(colDef.field);
      if (event.key === " " && column?.kind !== "boolean") {
        event.preventDefault();
        this.openRow(data.id);
      } else if (event.key === "Enter" && column?.kind === "link" && data[column.field]?.label) this.followLink(data, column);
      else if (event.key === "Enter" && !(this.writable && column && editsInCell(column))) this.openRow(data.id);
    },
    cellClicked({ event, data, colDef }) {
      const column = this.column(colDef.field);
      if (data && column?.kind === "link" && data[column.field]?.label && !event.shiftKey) this.followLink(data, column);
    },
    followLink(data, column) {
      if (!column.target) return;
      this.openRow(data.id);
      const visit = (tries) => {
        if (this.$refs.record?.visit) this.$refs.record.visit(column.target, data[column.field].id);
        else if (tries) setTimeout(() => visit(tries - 1), 50);
      };
      this.$nextTick(() => visit(60));
    },

    // Menus
    toggleMenu(name) {
      this.opened = this.opened === name ? "" : name;
    },
    pick(name) {
      this.opened = "";
      if (name !== "link") return void (this.dialog = name);
      this.syncUrl();
      navigator.clipboard?.writeText(location.href);
      toast({ severity: "success", message: "Link copied" });
    },
  },
};
