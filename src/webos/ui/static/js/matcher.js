/* Which entries fit what was typed, best first. Rules decide what people expect; Fuse forgives their typos. */
let Fuse;

/** Fetch what forgives typos; until it is here, matches are exact. */
export async function loadFuse() {
  Fuse ??= (await import("webos/fuse")).default;
}

const SHORT = 3;

const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
const squashed = (text) => words(text).join("");

/** How well letters of `query` appear in order in `title`, the first at the beginning of a word. */
function isAbbreviation(query, title) {
  const starts = words(title);
  if (!starts.some((word) => word[0] === query[0])) return false;
  let at = title.toLowerCase().indexOf(query[0]);
  for (const char of query.slice(1)) {
    at = title.toLowerCase().indexOf(char, at + 1);
    if (at < 0) return false;
  }
  return true;
}

function rank(terms, entry) {
  const query = terms.join("");
  if (entry.squashed === query) return 0;
  if (entry.squashed.startsWith(query)) return 1;
  if (terms.every((term) => entry.titleWords.some((word) => word.startsWith(term)))) return 2;
  if (terms.every((term) => entry.allWords.some((word) => word.startsWith(term)))) return 3;
  if (entry.squashed.includes(query)) return 4;
  return undefined;
}

export class Matcher {
  /** @param entries objects with `title`, and optionally `where` and `keywords` */
  constructor(entries) {
    this.entries = entries.map((item, index) => ({
      item,
      index,
      title: item.title,
      where: item.where ?? "",
      keywords: item.keywords ?? "",
      squashed: squashed(item.title),
      titleWords: words(item.title),
      allWords: words(`${item.title} ${item.where ?? ""} ${item.keywords ?? ""}`),
    }));
    this.fuse = Fuse && new Fuse(this.entries, {
      keys: [
        { name: "title", weight: 3 },
        { name: "keywords", weight: 1 },
        { name: "where", weight: 1 },
      ],
      includeScore: true,
      useTokenSearch: true,
      tokenMatch: "all",
      threshold: 0.34,
      ignoreLocation: true,
    });
  }

  /** Return the fitting items, best first; `recency(item)` breaks ties, smaller is more recent. */
  find(typed, recency = () => Infinity) {
    const terms = words(typed);
    if (!terms.length) return [];
    const query = terms.join("");
    const ranks = new Map();
    for (const entry of this.entries) {
      const found = rank(terms, entry);
      if (found !== undefined) ranks.set(entry, found);
    }
    // Three letters resemble nearly everything.
    const forgiving = this.fuse && (query.length > SHORT || ranks.size === 0);
    for (const { item: entry, score } of forgiving ? this.fuse.search(terms.join(" ")) : []) {
      // Hardly anybody mistypes the first letter.
      const likely = terms.every((term) => entry.allWords.some((word) => word[0] === term[0]));
      if (!ranks.has(entry)) ranks.set(entry, (likely ? 5 : 6) + score);
    }
    if (ranks.size === 0) {
      for (const entry of this.entries) if (isAbbreviation(query, entry.title)) ranks.set(entry, 8);
    }
    return [...ranks]
      .sort(([a, x], [b, y]) => x - y || recency(a.item) - recency(b.item) || a.index - b.index)
      .map(([entry]) => entry.item);
  }
}
