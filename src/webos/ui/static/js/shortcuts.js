/* The list of keyboard shortcuts, and the switch for those of a single key. */
import { h, icon, isMac } from "webos/dom";

const KEY = "webos-single-keys";

/** Whether `?` and the like work: people who speak to their computer may have to switch them off. */
export function singleKeysOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

const keys = (...names) => h("dd", {}, ...names.map((name) => h("kbd", { class: "w-kbd" }, name)));

export function showShortcuts() {
  if (document.querySelector("dialog[open]")) return;
  const opener = document.activeElement;
  const close = () => dialog.close();
  const single = h("input", {
    type: "checkbox",
    class: "w-checkbox",
    checked: singleKeysOn(),
    onchange: () => localStorage.setItem(KEY, single.checked ? "on" : "off"),
  });
  const rows = [
    ["Search or jump to a page", isMac ? "⌘" : "Ctrl", "K"],
    ["Keyboard shortcuts", "?"],
    ["Fold or unfold the sidebar", "["],
    ["Close what is open", "Esc"],
  ];
  const dialog = h(
    "dialog",
    {
      class: "w-dialog w-shortcuts",
      "aria-label": "Keyboard shortcuts",
      onclick: (event) => event.target === dialog && close(),
      onclose: () => {
        dialog.remove();
        opener?.focus?.();
      },
    },
    h(
      "header",
      {},
      h("h2", {}, "Keyboard shortcuts"),
      h("button", { type: "button", class: "w-iconbutton", "aria-label": "Close", onclick: close }, icon("close")),
    ),
    h("dl", {}, ...rows.flatMap(([what, ...names]) => [h("dt", {}, what), keys(...names)])),
    h("label", {}, single, "Shortcuts of a single key"),
  );
  document.body.append(dialog);
  dialog.showModal();
}
