/* How much stands on a screen: comfortable or compact, remembered for this browser, applied without a reload. */
import { keepInMind } from "webos/storage";

const KEY = "webos-density";

export function isCompact() {
  return document.documentElement.dataset.density === "compact";
}

/** Set the density and return it. */
export function setCompact(compact) {
  document.documentElement.dataset.density = compact ? "compact" : "comfortable";
  keepInMind(KEY, compact ? "compact" : "comfortable");
  return compact;
}
