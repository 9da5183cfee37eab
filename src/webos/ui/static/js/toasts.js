/* Short messages in the corner. They are text, never markup. */
const ICONS = { info: "info", success: "check_circle", warning: "warning", error: "error" };
export const severityIcon = (severity) => ICONS[severity] ?? ICONS.info;

const SECONDS = { info: 5, success: 4, warning: 8, error: 12 };
const MOST = 5;

let host;

function ensureHost() {
  if (host) return host;
  host = document.createElement("div");
  host.className = "w-toasts";
  host.setAttribute("role", "region");
  host.setAttribute("aria-label", "Notifications");
  host.setAttribute("aria-live", "polite");
  document.body.append(host);
  return host;
}

/** The live region has to be in the page before its first message, or screen readers miss that one. */
export const prepareToasts = ensureHost;

/** Show {severity, message, detail}; returns the element. */
export function toast({ severity = "info", message, detail = "" }) {
  const box = document.createElement("div");
  box.className = `w-toast w-toast--${severity}`;
  if (severity === "error") box.setAttribute("role", "alert");
  const icon = document.createElement("span");
  icon.className = "w-icon";
  icon.ariaHidden = "true";
  icon.textContent = severityIcon(severity);
  const text = document.createElement("div");
  text.className = "w-toast__text";
  text.textContent = message;
  if (detail) {
    const small = document.createElement("small");
    small.textContent = detail;
    text.append(small);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.className = "w-iconbutton";
  close.ariaLabel = "Dismiss";
  close.innerHTML = '<span class="w-icon" aria-hidden="true">close</span>';
  box.append(icon, text, close);

  // Whoever is reading it, with the pointer or the keyboard on it, keeps it.
  let timer;
  const leave = () => box.remove();
  const wait = () => (timer = setTimeout(leave, 1000 * (SECONDS[severity] ?? 5)));
  const hold = () => clearTimeout(timer);
  close.addEventListener("click", leave);
  box.addEventListener("pointerenter", hold);
  box.addEventListener("focusin", hold);
  box.addEventListener("pointerleave", wait);
  box.addEventListener("focusout", wait);
  wait();

  const all = ensureHost();
  all.append(box);
  while (all.children.length > MOST) all.firstElementChild.remove();
  return box;
}
