// The column that rows are chosen and opened by.

const icon = (name) => {
  const element = document.createElement("span");
  element.className = "w-icon";
  element.ariaHidden = "true";
  element.textContent = name;
  return element;
};

class SelectCell {
  init(params) {
    this.element = document.createElement("div");
    this.element.className = "w-selectcell";
    if (params.selectable) {
      this.box = document.createElement("input");
      this.box.type = "checkbox";
      this.box.className = "w-checkbox";
      this.box.tabIndex = -1;
      this.box.addEventListener("click", (event) => {
        event.stopPropagation();
        params.context.toggle(this.params.data, event.shiftKey, this.params.node.rowIndex);
      });
      this.element.append(this.box);
    }
    this.open = document.createElement("button");
    this.open.type = "button";
    this.open.className = "w-iconbutton w-selectcell__open";
    this.open.tabIndex = -1;
    this.open.ariaLabel = "Open record";
    this.open.title = "Open (Space)";
    this.open.append(icon("open_in_full"));
    this.open.addEventListener("click", () => this.params.data && params.context.open(this.params.data.id));
    this.element.append(this.open);
    this.refresh(params);
  }
  getGui() {
    return this.element;
  }
  refresh(params) {
    this.params = params;
    this.element.hidden = !params.data;
    if (this.box && params.data) {
      this.box.checked = params.context.isSelected(params.data.id);
      this.box.ariaLabel = `Select row ${params.node.rowIndex + 1}`;
    }
    return true;
  }
}

class SelectHeader {
  init(params) {
    this.element = document.createElement("div");
    this.element.className = "w-selectcell";
    if (!params.selectable) return;
    this.box = document.createElement("input");
    this.box.type = "checkbox";
    this.box.className = "w-checkbox";
    this.box.ariaLabel = "Select all rows";
    this.box.addEventListener("click", () => params.context.toggleAll());
    params.context.header = this;
    this.element.append(this.box);
  }
  show(all, some) {
    this.box.checked = all;
    this.box.indeterminate = some && !all;
  }
  getGui() {
    return this.element;
  }
  refresh() {
    return true;
  }
}

export const SELECT = "w-select";

export function selectColumn(selectable) {
  return {
    colId: SELECT,
    headerName: "",
    width: selectable ? 76 : 44,
    minWidth: 44,
    pinned: "left",
    lockPosition: "left",
    resizable: false,
    sortable: false,
    suppressMovable: true,
    suppressNavigable: true,
    suppressHeaderMenuButton: true,
    cellClass: "w-cell-select",
    cellRenderer: SelectCell,
    cellRendererParams: { selectable },
    headerComponent: SelectHeader,
    headerComponentParams: { selectable },
  };
}
