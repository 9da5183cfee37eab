// How the grid shows and edits the cells of each kind of column.

const pad = (number) => String(number).padStart(2, "0");

export function localTime(value) {
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return String(value);
  return (
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}`
  );
}

export function parseTime(text) {
  const match = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*$/.exec(text ?? "");
  if (!match) return text;
  const [, year, month, day, hour = 0, minute = 0, second = 0] = match.map(Number).map((n) => (n !== n ? 0 : n));
  return new Date(year, month - 1, day, hour, minute, second).toISOString();
}

/** A function that makes text of a value. */
export function textOf(column) {
  const labels = new Map(column.choices.map(([value, label]) => [value, label]));
  switch (column.kind) {
    case "link":
      return (value) => (value ? value.label || "No access" : "");
    case "choice":
      return (value) => (value === null || value === undefined ? "" : (labels.get(value) ?? String(value)));
    case "datetime":
      return (value) => (value ? localTime(value) : "");
    case "integer":
    case "float":
      return (value) => (typeof value === "number" ? value.toLocaleString() : (value ?? ""));
    case "decimal":
      return (value) => value ?? "";
    case "boolean":
      return (value) => (value === true ? "Yes" : value === false ? "No" : "");
    case "other":
      return (value) => (value === null || value === undefined ? "" : JSON.stringify(value));
    default:
      return (value) => (value === null || value === undefined ? "" : String(value));
  }
}

const NUMERIC = new Set(["integer", "float", "decimal"]);

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

/** Whether a column can be changed in its cell; of links that is done beside the grid. */
export const editsInCell = (column) => column.editable && column.kind !== "link";

export function columnDefinition(column, writable, inRange) {
  const numeric = NUMERIC.has(column.kind);
  const editable = writable && editsInCell(column);
  const text = textOf(column);
  return {
    colId: column.field,
    field: column.field,
    headerName: column.title,
    headerTooltip: column.description || column.title,
    sortable: column.sortable,
    // A row that has not come yet has nothing to edit.
    editable: editable && (({ data }) => data?.id !== undefined),
    valueFormatter: ({ value }) => text(value),
    cellDataType: false,
    minWidth: 90,
    width: { text: 180, link: 150, datetime: 170, boolean: 100 }[column.kind] ?? 140,
    headerClass: numeric ? "ag-right-aligned-header" : undefined,
    cellClass: [`w-cell-${column.kind}`, ...(numeric ? ["ag-right-aligned-cell"] : [])],
    cellClassRules: { "w-cell-inrange": inRange },
    cellRenderer: column.kind === "boolean" ? "agCheckboxCellRenderer" : undefined,
    cellRendererParams: column.kind === "boolean" ? { disabled: !editable } : undefined,
    tooltipValueGetter: column.kind === "other" || column.kind === "text" ? ({ valueFormatted, value }) => valueFormatted ?? value : undefined,
    ...(editable ? editing(column) : {}),
  };
}

/** Text of a spreadsheet's cell as a value of a column; throws a text that says what is wrong. */
export function valueOf(column, text) {
  const trimmed = text.trim();
  if (trimmed === "" && column.kind !== "text") return null;
  switch (column.kind) {
    case "integer":
    case "float": {
      const number = Number(trimmed.replace(/[\s\u00a0\u202f,'’](?=\d{3}(\D|$))/g, ""));
      if (!Number.isFinite(number)) throw "A number was expected.";
      return number;
    }
    case "decimal":
      return trimmed.replace(/[\s\u00a0\u202f,'’](?=\d{3}(\D|$))/g, "");
    case "boolean":
      if (/^(true|yes|y|1|x)$/i.test(trimmed)) return true;
      if (/^(false|no|n|0)$/i.test(trimmed)) return false;
      throw "Yes or no was expected.";
    case "choice": {
      const found = column.choices.find(([value, label]) => [String(value), label].some((name) => name.toLowerCase() === trimmed.toLowerCase()));
      if (!found) throw "This is none of the possible values.";
      return found[0];
    }
    case "datetime":
      return parseTime(trimmed);
    case "text":
      return trimmed === "" && column.optional ? null : text;
    default:
      return trimmed;
  }
}

/** The cells of a block as a spreadsheet takes them. */
export function toTsv(rows) {
  const cell = (text) => (/["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map((each) => cell(String(each))).join("\t")).join("\r\n");
}

/** The cells of a block that a spreadsheet has copied. */
export function fromTsv(text) {
  const rows = [[]];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[++at];
      else quoted = false;
    } else if (letter === '"' && cell === "") quoted = true;
    else if (letter === "\t") {
      rows.at(-1).push(cell);
      cell = "";
    } else if (letter === "\n" || letter === "\r") {
      if (letter === "\r" && text[at + 1] === "\n") at++;
      rows.at(-1).push(cell);
      rows.push([]);
      cell = "";
    } else cell += letter;
  }
  rows.at(-1).push(cell);
  if (rows.length > 1 && rows.at(-1).length === 1 && rows.at(-1)[0] === "") rows.pop();
  return rows;
}
