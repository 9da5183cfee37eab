// Which conditions there are for which kind of column, and how they read.

const TEXT = [
  ["contains", "contains", 1],
  ["notContains", "does not contain", 1],
  ["equals", "is", 1],
  ["notEqual", "is not", 1],
  ["startsWith", "begins with", 1],
  ["endsWith", "ends with", 1],
];
const EMPTY = [
  ["blank", "is empty", 0],
  ["notBlank", "is not empty", 0],
];
const NUMBER = [
  ["equals", "=", 1],
  ["notEqual", "≠", 1],
  ["greaterThan", ">", 1],
  ["greaterThanOrEqual", "≥", 1],
  ["lessThan", "<", 1],
  ["lessThanOrEqual", "≤", 1],
  ["inRange", "is between", 2],
];
const DAY = [
  ["equals", "is on", 1],
  ["notEqual", "is not on", 1],
  ["lessThan", "is before", 1],
  ["greaterThan", "is after", 1],
  ["inRange", "is between", 2],
  ["today", "is today", 0],
  ["lastDays", "is in the last … days", "days"],
  ["nextDays", "is in the next … days", "days"],
];
const OPERATORS = {
  text: [...TEXT, ...EMPTY],
  integer: [...NUMBER, ...EMPTY],
  float: [...NUMBER, ...EMPTY],
  decimal: [...NUMBER, ...EMPTY],
  boolean: [["true", "is yes", 0], ["false", "is no", 0], ["blank", "is empty", 0]],
  date: [...DAY, ...EMPTY],
  datetime: [...DAY, ...EMPTY],
  choice: [["in", "is one of", "set"], ["notIn", "is none of", "set"], ...EMPTY],
  link: [["in", "is", "records"], ["notIn", "is not", "records"], ["contains", "has a name with", 1], ["notContains", "has no name with", 1], ...EMPTY],
};
const DAYS = new Set(["date", "datetime"]);

export const operatorsOf = (column) => OPERATORS[column?.kind] ?? [];
export const canFilter = (column) => column.kind in OPERATORS;
export const operandsOf = (column, type) => operatorsOf(column).find(([name]) => name === type)?.[2] ?? 0;

export function newCondition(column) {
  return { field: column.field, type: operatorsOf(column)[0][0] };
}

export const isGroup = (item) => Array.isArray(item?.items);

/** Whether a condition has all its values. */
export function isComplete(item, column) {
  if (!column) return false;
  const operands = operandsOf(column, item.type);
  if (operands === 0) return true;
  if (operands === "set" || operands === "records") return item.values?.length > 0;
  if (operands === "days") return Number.isInteger(item.filter) && item.filter > 0;
  const [first, second] = DAYS.has(column.kind) ? [item.dateFrom, item.dateTo] : [item.filter, item.filterTo];
  const given = (value) => value !== undefined && value !== null && value !== "";
  return given(first) && (operands < 2 || given(second));
}

/** What the server is asked: only complete conditions, no empty groups; nothing where none is left. */
export function cleanTree(group, columns) {
  const byField = new Map(columns.map((column) => [column.field, column]));
  const clean = (item) => {
    if (isGroup(item)) {
      const items = item.items.map(clean).filter(Boolean);
      return items.length ? { join: item.join === "or" ? "or" : "and", items } : null;
    }
    if (!isComplete(item, byField.get(item.field))) return null;
    // A label is for people only.
    const { labels, ...own } = item;
    return own;
  };
  return group ? clean(group) : null;
}

function value(item, column) {
  const operands = operandsOf(column, item.type);
  if (operands === "set") {
    const labels = new Map(column.choices);
    return item.values.map((each) => labels.get(each) ?? String(each)).join(", ");
  }
  if (operands === "records") {
    const names = item.values.map((id) => item.labels?.[id]).filter(Boolean);
    return names.length === item.values.length ? names.join(", ") : `${item.values.length} chosen`;
  }
  const [first, second] = DAYS.has(column.kind) && operands !== "days" ? [item.dateFrom, item.dateTo] : [item.filter, item.filterTo];
  if (operands === 2) return `${first} and ${second}`;
  return operands ? String(first) : "";
}

/** A condition or a group in words. */
export function describe(item, columns) {
  if (isGroup(item)) {
    const parts = item.items.map((each) => describe(each, columns)).filter(Boolean);
    return parts.length > 1 ? `(${parts.join(item.join === "or" ? " or " : " and ")})` : (parts[0] ?? "");
  }
  const column = columns.find(({ field }) => field === item.field);
  if (!column || !isComplete(item, column)) return "";
  const [, words, operands] = operatorsOf(column).find(([name]) => name === item.type);
  if (operands === "days") return `${column.title} ${words.replace("…", item.filter)}`;
  return `${column.title} ${words}${operands ? ` ${value(item, column)}` : ""}`;
}
