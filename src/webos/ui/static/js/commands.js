/* What the palette offers. */

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
    own("density", "Compact or comfortable density", "density_small", "dense spacing rows size", () => shell.toggleDensity()),
    own("shortcuts", "Keyboard shortcuts", "keyboard", "help keys hotkeys", () => shell.shortcuts()),
    own("logout", "Sign out", "logout", "log out off leave exit", () => shell.signOut()),
  ];
}
