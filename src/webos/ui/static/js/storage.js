/* What this browser remembers; where storage is blocked, it remembers nothing. */
export function remembered(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keepInMind(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    /* no storage, no memory */
  }
}
