// Asking the server, and what went wrong in words.

export class Problem extends Error {
  constructor(document, status) {
    super(document.detail || document.title || "The server did not answer as expected.");
    this.document = document;
    this.status = status;
    this.fields = document.errors ?? {};
  }

  // What is wrong, with the fields where the message does not name them.
  get sentence() {
    const known = Object.entries(this.fields).map(([name, text]) => `${name}: ${text}`);
    return known.length ? known.join(" ") : this.message;
  }
}

export const address = (path) => (window.path_prefix ?? "") + path;

async function answerOf(response) {
  if (response.status === 401) {
    window.location.href = address("/login?next=") + encodeURIComponent(window.location.pathname + window.location.search);
  }
  const text = await response.text();
  let document = {};
  try {
    document = text ? JSON.parse(text) : {};
  } catch {
    document = { detail: "The server did not answer as expected." };
  }
  if (!response.ok) throw new Problem(document, response.status);
  return document;
}

async function send(path, options) {
  try {
    return await fetch(address(path), options);
  } catch {
    throw new Problem({ detail: "The server cannot be reached. Check your connection and try again." }, 0);
  }
}

export async function request(method, path, body) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  return answerOf(await send(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
}

export async function upload(path, file) {
  return answerOf(await send(path, { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file }));
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Ask again and again until a background task has ended; `each` sees every answer, and ends the waiting by `false`. */
export async function follow(path, each) {
  for (let wait = 150; ; wait = Math.min(wait * 1.4, 1500)) {
    const task = await request("GET", path);
    if (each(task) === false) return task;
    if (["done", "failed", "cancelled"].includes(task.state)) return task;
    await pause(wait);
  }
}
