/* The command palette: every page and action, found while typing, without asking the server. */
import { h, icon } from "webos/dom";
import { loadFuse, Matcher } from "webos/matcher";

const RECENT_KEY = "webos-recent";
const MOST_RECENT = 5;
const MOST_SHOWN = 50;

function readRecent() {
  try {
    return JSON.parse(localStorage.getItem(RECENT_KEY)) ?? [];
  } catch {
    return [];
  }
}

function remember(id) {
  try {
    localStorage.setItem(RECENT_KEY, JSON.stringify([id, ...readRecent().filter((other) => other !== id)].slice(0, 20)));
  } catch {
    /* no storage, no memory */
  }
}

export class Palette {
  /**
   * @param entries function that returns the entries: {id, title, where, icon, keywords, group, run}
   * @param records what finds records, with `ask` and `stop`; undefined where there are none to find
   * @param go opens a path
   */
  constructor(entries, records, go) {
    this.entries = entries;
    this.records = records;
    this.go = go;
    this.input = h("input", {
      class: "w-palette__input",
      type: "text",
      role: "combobox",
      placeholder: "Search or jump to…",
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": "Search pages and actions",
      "aria-expanded": "true",
      "aria-controls": "w-palette-list",
      "aria-autocomplete": "list",
      oninput: () => this.search(),
    });
    this.list = h("div", { class: "w-palette__list", id: "w-palette-list", role: "listbox", "aria-label": "Results" });
    this.none = h("div", { class: "w-palette__none", hidden: true });
    this.status = h("div", { class: "w-sr", role: "status" });
    this.dialog = h(
      "dialog",
      {
        class: "w-dialog w-palette",
        "aria-label": "Command palette",
        onkeydown: (event) => this.onKey(event),
        onclick: (event) => event.target === this.dialog && this.close(),
        onclose: () => {
          this.records?.stop();
          this.opener?.focus?.();
        },
      },
      h("div", { class: "w-palette__head" }, icon("search"), this.input, h("kbd", { class: "w-kbd" }, "Esc")),
      this.list,
      this.none,
      h(
        "div",
        { class: "w-palette__foot", "aria-hidden": "true" },
        h("span", {}, h("kbd", { class: "w-kbd" }, "↑"), h("kbd", { class: "w-kbd" }, "↓"), "to choose"),
        h("span", {}, h("kbd", { class: "w-kbd" }, "↵"), "to open"),
        h("span", {}, h("kbd", { class: "w-kbd" }, "?"), "for shortcuts"),
      ),
      this.status,
    );
  }

  toggle() {
    if (this.dialog.open) this.close();
    else this.open();
  }

  open() {
    if (document.querySelector("dialog[open]")) return;
    this.opener = document.activeElement;
    this.items = this.entries();
    this.matcher = new Matcher(this.items);
    if (!this.matcher.fuse)
      loadFuse().then(() => {
        this.matcher = new Matcher(this.items);
        if (this.dialog.open && this.input.value) this.search();
      });
    this.recent = readRecent();
    this.input.value = "";
    this.search();
    if (!this.dialog.isConnected) document.body.append(this.dialog);
    this.dialog.showModal();
    this.input.focus();
  }

  close() {
    this.dialog.close();
  }

  search() {
    const typed = this.input.value.trim();
    const recency = ({ id }) => {
      const at = this.recent.indexOf(id);
      return at < 0 ? 1e9 : at;
    };
    if (typed) {
      const own = this.matcher.find(typed, recency).slice(0, MOST_SHOWN);
      this.show([["", own]]);
      this.records?.ask(typed, (hits) => this.showRecords(own, hits));
      return;
    }
    this.records?.stop();
    const recent = this.items.filter((item) => recency(item) < 1e9);
    recent.sort((a, b) => recency(a) - recency(b)).splice(MOST_RECENT);
    const groups = new Map([["Recent", recent]]);
    for (const item of this.items) {
      if (recent.includes(item)) continue;
      if (!groups.has(item.group)) groups.set(item.group, []);
      groups.get(item.group).push(item);
    }
    this.show([...groups].filter(([, items]) => items.length));
  }

  /** Add records below the entries; what is selected stays. */
  showRecords(own, hits) {
    if (!this.dialog.open || !hits.length) return;
    const selected = this.selected;
    const records = hits.map((hit) => ({ ...hit, id: `record:${hit.path}`, run: () => this.go(hit.path) }));
    this.show([...(own.length ? [["", own]] : []), ["Records", records]]);
    if (selected < own.length) this.select(selected);
  }

  show(groups) {
    this.options = [];
    this.list.replaceChildren();
    for (const [name, items] of groups) {
      const box = h("div", name ? { role: "group", "aria-label": name } : { role: "presentation" });
      if (name) box.append(h("div", { class: "w-palette__group", "aria-hidden": "true" }, name));
      for (const item of items) {
        const at = this.options.length;
        const option = h(
          "div",
          {
            class: "w-palette__option",
            id: `w-palette-${at}`,
            role: "option",
            "aria-selected": "false",
            onpointermove: () => this.select(at),
            onclick: () => this.run(item),
          },
          icon(item.icon || "bolt"),
          h("span", { class: "w-palette__title" }, item.title),
          h("span", { class: "w-palette__where" }, item.where || ""),
        );
        this.options.push({ item, option });
        box.append(option);
      }
      this.list.append(box);
    }
    const found = this.options.length;
    this.list.hidden = !found;
    this.none.hidden = found > 0;
    this.none.textContent = `Nothing found for “${this.input.value.trim()}”`;
    this.input.setAttribute("aria-expanded", String(found > 0));
    this.status.textContent = this.input.value ? `${found} ${found === 1 ? "result" : "results"}` : "";
    this.list.scrollTop = 0;
    this.selected = undefined;
    this.select(0);
  }

  select(at) {
    if (at === this.selected) return;
    this.options[this.selected]?.option.setAttribute("aria-selected", "false");
    this.selected = at;
    const chosen = this.options[at]?.option;
    chosen?.setAttribute("aria-selected", "true");
    chosen?.scrollIntoView({ block: "nearest" });
    if (chosen) this.input.setAttribute("aria-activedescendant", chosen.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  onKey(event) {
    const count = this.options.length;
    const to = { ArrowDown: this.selected + 1, ArrowUp: this.selected - 1, PageDown: count - 1, PageUp: 0 }[event.key];
    if (to !== undefined && count) {
      event.preventDefault();
      this.select((to + count) % count);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.choose();
    }
  }

  choose() {
    const chosen = this.options[this.selected];
    if (chosen) this.run(chosen.item);
  }

  run(item) {
    remember(item.id);
    this.close();
    item.run();
  }
}
