/** A pause in typing of this length, ms, ends a query. */
const PAUSE_MS = 200;

/**
 * Owns the text of the search line until a navigation that the line did not ask for replaces it.
 * The line's own queries return by the address, too, and may be older than the text.
 */
export interface SearchLine {
  readonly text: string;
  /** Takes typed text, and cancels an older query: it would return as the query of the address. */
  type(text: string): void;
  /** Asks for the typed text after a pause in typing. */
  askSoon(): void;
  askNow(): void;
  /** Takes the query that the address now has. Returns true where it replaced the text. */
  arrive(query: string): boolean;
  /** Discards text that was not asked for. */
  drop(): void;
}

export function createSearchLine(ask: (text: string) => void): SearchLine {
  let text = '';
  /** True while the text is typed and not asked for yet. */
  let pending = false;
  /** The query that was asked for and has not reached the address yet. */
  let asked: string | null = null;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const drop = (): void => {
    clearTimeout(waiting);
    pending = false;
  };
  const askNow = (): void => {
    if (!pending) return;
    drop();
    asked = text;
    ask(text);
  };
  return {
    get text() {
      return text;
    },
    type(typed) {
      drop();
      text = typed;
      pending = true;
    },
    askSoon() {
      clearTimeout(waiting);
      if (pending) waiting = setTimeout(askNow, PAUSE_MS);
    },
    askNow,
    arrive(query) {
      const own = query === asked;
      asked = null;
      if (own) return false;
      drop();
      text = query;
      return true;
    },
    drop,
  };
}
