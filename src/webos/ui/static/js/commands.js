/* What the palette offers, and the palette itself, which is fetched only when there is time or need. */

/** Return the palette's entries of a shell: its pages, the modules' actions, and what the shell itself can do. */
export function entriesOf(shell) {
  const pages = shell.sections.flatMap(({ title, items }) =>
    items.map((item) => ({
      ...item,
      id: `page:${item.path}`,
      where: title || item.where,
      group: "Pages",
      run: () => shell.go(item.path),
    })),
  );
  const actions = JSON.parse(shell.actions).map((action) => ({
    ...action,
    id: `action:${action.id}`,
    group: "Actions",
    run: () => shell.$emit("action", action.id),
  }));
  const own = (id, title, icon, keywords, run) => ({ id, title, icon, keywords, run, group: "Actions", where: "" });
  return [
    ...pages,
    ...actions,
    own("theme:dark", "Switch to the dark theme", "dark_mode", "mode night colours", () => shell.setTheme("dark")),
    own("theme:light", "Switch to the light theme", "light_mode", "mode day colours", () => shell.setTheme("light")),
    own("theme:auto", "Use the theme of the system", "contrast", "mode auto automatic", () => shell.setTheme("auto")),
    own("sidebar", "Fold or unfold the sidebar", "view_sidebar", "collapse menu navigation", () => shell.toggleRail()),
    own("shortcuts", "Keyboard shortcuts", "keyboard", "help keys hotkeys", () => shell.shortcuts()),
    own("logout", "Sign out", "logout", "log out off leave exit", () => shell.signOut()),
  ];
}

/** The palette before its code has arrived: keys that are typed meanwhile are kept for it. */
export class PaletteLoader {
  constructor(entries) {
    this.entries = entries;
  }

  async load() {
    const { Palette } = await import("webos/palette");
    this.palette ??= new Palette(this.entries);
    return this.palette;
  }

  async toggle() {
    if (this.palette || this.ahead) {
      this.palette?.toggle();
      return;
    }
    this.ahead = [];
    try {
      const palette = await this.load();
      palette.open();
      palette.replay(this.ahead);
    } finally {
      this.ahead = undefined;
    }
  }

  /** Keep a key for the palette that is on its way; returns whether it was taken. */
  takes(event) {
    if (!this.ahead) return false;
    const text = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!text && event.key !== "Enter" && event.key !== "Backspace") return false;
    this.ahead.push(event.key);
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
