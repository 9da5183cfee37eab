/* Light, dark or as the system wants: remembered for this browser, applied without a reload. */
const KEY = "webos-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export function chosenTheme() {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto"; // storage is blocked
  }
}

export function isDark() {
  const chosen = chosenTheme();
  return chosen === "auto" ? system.matches : chosen === "dark";
}

export function chooseTheme(chosen) {
  try {
    if (chosen === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    /* remembered for this page only */
  }
  apply();
}

export function onThemeChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Return tokens as colours that canvas and SVG libraries understand. */
export function colours(names) {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const found = {};
  for (const name of names) {
    probe.style.color = `var(--w-${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

function apply() {
  const chosen = chosenTheme();
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  globalThis.setDark?.(chosen === "auto" ? null : chosen === "dark");
  for (const listener of listeners) listener();
}

system.addEventListener("change", apply);
addEventListener("storage", (event) => {
  if (event.key === KEY) apply();
});
