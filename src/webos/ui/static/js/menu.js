/* Keyboard and focus of a menu: a button that opens, a box that holds items. */

/** Directive `v-menu="close"`: arrow keys walk the items, Escape and a click elsewhere close. */
export const menu = {
  mounted(box, { value: close }) {
    const opener = document.activeElement;
    const items = () => [...box.querySelectorAll("[role^=menuitem], [data-menuitem]")];
    const leave = (refocus) => {
      close();
      if (refocus) opener?.focus();
    };
    box._keys = (event) => {
      const all = items();
      const at = all.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (to !== undefined && all.length) {
        event.preventDefault();
        all[(to + all.length) % all.length].focus();
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        leave(true);
      } else if (event.key === "Tab") {
        leave(false);
      }
    };
    box._outside = (event) => {
      if (!box.parentElement.contains(event.target)) leave(false);
    };
    box.addEventListener("keydown", box._keys);
    document.addEventListener("pointerdown", box._outside, true);
    box.tabIndex = -1;
    (items()[0] ?? box).focus({ focusVisible: false });
  },
  updated(box) {
    // What had the focus may be gone, and the keys would be nobody's.
    if (document.activeElement === document.body) box.focus({ focusVisible: false });
  },
  unmounted(box) {
    document.removeEventListener("pointerdown", box._outside, true);
  },
};
