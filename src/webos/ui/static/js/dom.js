/* Building elements without markup in strings. */

/** Return an element: `h("button", {class: "x", onclick: f, "aria-label": "y"}, "text", child)`. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Return an icon; it says nothing to screen readers. */
export const icon = (name) => h("span", { class: "w-icon", "aria-hidden": "true" }, name);

export const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Whether keys that `event` brings are being typed into something. */
export function isTyping(event) {
  const target = event.composedPath()[0];
  return (
    target instanceof Element &&
    (target.isContentEditable || target.closest("input, textarea, select, [contenteditable=true], .cm-editor") !== null)
  );
}
