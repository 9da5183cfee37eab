/* Records that the server finds for the palette: asked for after a pause, the last question only. */
const PAUSE = 160;
const SHORTEST = 2;

export class RecordSearch {
  /** @param address function that returns the address to ask */
  constructor(address) {
    this.address = address;
  }

  /** Ask for `typed`, and call `tell(hits)` unless something else is asked, or nothing, before the answer is here. */
  ask(typed, tell) {
    this.stop();
    if (typed.length < SHORTEST) return;
    this.timer = setTimeout(async () => {
      const asked = (this.asked = new AbortController());
      try {
        const answer = await fetch(`${this.address()}?q=${encodeURIComponent(typed.slice(0, 100))}`, { signal: asked.signal });
        const hits = answer.ok ? await answer.json() : [];
        if (!asked.signal.aborted) tell(hits);
      } catch {
        /* asked for something else meanwhile, or no connection: the pages and actions are still there */
      }
    }, PAUSE);
  }

  stop() {
    clearTimeout(this.timer);
    this.asked?.abort();
  }
}
